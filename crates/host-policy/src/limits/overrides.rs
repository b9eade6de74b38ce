//! The limits that a manifest lowers and an operator sets, and what either can say of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::Raw;
use super::{LimitError, Limits, defaults};

/// How the value of a limit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitKind {
    /// `"5s"`
    Duration,
    /// `65536` or `"64KiB"`
    Bytes,
    /// `100`
    Count,
}

/// How a limit is lowered and set.
trait Limit {
    /// What a settings file says of it.
    type Said: Copy;
    fn lowered(&self, said: Self::Said) -> Self;
    fn set(said: Self::Said) -> Self;
    /// What would have to be said to set it; none where nothing would.
    fn said(&self) -> Option<Self::Said>;
}

macro_rules! plain_limit {
    ($($ty:ty)*) => {$(
        impl Limit for $ty {
            type Said = $ty;
            fn lowered(&self, said: $ty) -> $ty {
                said.min(*self)
            }
            fn set(said: $ty) -> $ty {
                said
            }
            fn said(&self) -> Option<$ty> {
                Some(*self)
            }
        }
    )*};
}
plain_limit!(u32 u64 Duration);

/// A limit that is off unless set: none is no limit, so any number lowers it.
impl Limit for Option<u64> {
    type Said = u64;
    fn lowered(&self, said: u64) -> Self {
        Some(self.map_or(said, |own| own.min(said)))
    }
    fn set(said: u64) -> Self {
        Some(said)
    }
    fn said(&self) -> Option<u64> {
        *self
    }
}

macro_rules! said_type {
    (duration) => {
        Duration
    };
    (bytes) => {
        u64
    };
    (count) => {
        u64
    };
    (small) => {
        u32
    };
}
macro_rules! kind {
    (duration) => {
        LimitKind::Duration
    };
    (bytes) => {
        LimitKind::Bytes
    };
    ($kind:ident) => {
        LimitKind::Count
    };
}
macro_rules! read {
    (duration, $raw:expr, $key:expr) => {
        $raw.duration($key)?
    };
    (bytes, $raw:expr, $key:expr) => {
        $raw.bytes($key)?
    };
    (count, $raw:expr, $key:expr) => {
        $raw.count($key, u64::MAX)?
    };
    (small, $raw:expr, $key:expr) => {
        $raw.count($key, u32::MAX.into())?
    };
}
macro_rules! write {
    (duration, $value:expr, $map:expr, $key:expr) => {
        $map.serialize_entry($key, &humantime::format_duration($value).to_string())?
    };
    ($kind:ident, $value:expr, $map:expr, $key:expr) => {
        $map.serialize_entry($key, &$value)?
    };
}

/// Declares the structs field by field, and `LimitOverrides` with the fields of all, so that none can be forgotten.
macro_rules! limits {
    ($(
        $(#[$about:meta])*
        $group:ident {$(
            #[doc = $doc:literal]
            $field:ident / $key:literal: $ty:ty as $kind:ident = $default:expr,
        )*}
    )*) => {
        $(
            $(#[$about])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $group {
                $( #[doc = $doc] pub $field: $ty, )*
            }

            impl Default for $group {
                fn default() -> Self {
                    Self { $( $field: $default, )* }
                }
            }

            impl $group {
                /// These limits, each no larger than `said`: what a manifest may do.
                pub fn lowered_by(&self, said: &LimitOverrides) -> Self {
                    Self { $( $field: said.$field.map_or_else(|| self.$field.clone(), |said| self.$field.lowered(said)), )* }
                }

                /// These limits, each replaced where `said` names it: what an operator may do.
                pub fn set_by(&self, said: &LimitOverrides) -> Self {
                    Self { $( $field: said.$field.map_or_else(|| self.$field.clone(), <$ty as Limit>::set), )* }
                }

                fn say(&self, said: &mut LimitOverrides) {
                    $( said.$field = self.$field.said(); )*
                }
            }
        )*

        /// What a manifest's `[limits]` or an operator's settings say; a limit that is not named stays as it is.
        ///
        /// In a file the names are in kebab case (`wall-clock = "2s"`, `memory-bytes = "64MiB"`, `handles = 100`).
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct LimitOverrides {
            $($( #[doc = $doc] pub $field: Option<said_type!($kind)>, )*)*
        }

        impl LimitOverrides {
            /// The names of all limits that can be said, as a file writes them.
            pub const KEYS: &[&str] = &[$($( $key, )*)*];

            /// How the value of a limit is written; none where there is no such limit.
            pub(crate) fn kind(key: &str) -> Option<LimitKind> {
                match key {
                    $($( $key => Some(kind!($kind)), )*)*
                    _ => None,
                }
            }

            /// What is limited; none where there is no such limit.
            pub(crate) fn about(key: &str) -> Option<&'static str> {
                match key {
                    $($( $key => Some($doc.trim_ascii()), )*)*
                    _ => None,
                }
            }

            fn set_raw(&mut self, key: &str, raw: &Raw) -> Result<(), LimitError> {
                match key {
                    $($( $key => self.$field = Some(read!($kind, raw, $key)), )*)*
                    _ => {
                        let suggestion = crate::report::nearest(key, Self::KEYS.iter().copied());
                        return Err(LimitError::Unknown { key: key.to_owned(), suggestion });
                    }
                }
                Ok(())
            }
        }

        impl Serialize for LimitOverrides {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $($( if let Some(value) = self.$field { write!($kind, value, map, $key); } )*)*
                map.end()
            }
        }
    };
}

limits! {
    /// Limits of one call.
    CallLimits {
        /// Time from the start of the call to its end, guest time and host awaits together.
        wall_clock / "wall-clock": Duration as duration = defaults::WALL_CLOCK,
        /// Bytes of all linear memories of the call's store together.
        memory_bytes / "memory-bytes": u64 as bytes = defaults::MEMORY_BYTES,
        /// Elements of all tables together.
        table_elements / "table-elements": u64 as count = defaults::TABLE_ELEMENTS,
        /// Core instances that the component may be made of.
        core_instances / "core-instances": u32 as small = defaults::CORE_INSTANCES,
        /// Linear memories.
        memories / "memories": u32 as small = defaults::MEMORIES,
        /// Tables.
        tables / "tables": u32 as small = defaults::TABLES,
        /// Units of fuel; none is no such limit.
        fuel / "fuel": Option<u64> as count = None,
        /// Bytes of the arguments as JSON.
        argument_bytes / "argument-bytes": u64 as bytes = defaults::ARGUMENT_BYTES,
        /// Bytes of the result.
        output_bytes / "output-bytes": u64 as bytes = defaults::OUTPUT_BYTES,
        /// Bytes over all events of a streaming call, each way.
        stream_bytes / "stream-bytes": u64 as bytes = defaults::STREAM_BYTES,
        /// Lines that the guest may log; more are counted and dropped.
        log_lines / "log-lines": u64 as count = defaults::LOG_LINES,
        /// Bytes that the guest may log; more are counted and dropped.
        log_bytes / "log-bytes": u64 as bytes = defaults::LOG_BYTES,
        /// Bytes of standard output and standard error that are kept: the last ones.
        stdio_bytes / "stdio-bytes": u64 as bytes = defaults::STDIO_BYTES,
        /// Progress reports; more are counted and dropped.
        progress_reports / "progress-reports": u64 as count = defaults::PROGRESS_REPORTS,
        /// Calls of host functions.
        host_calls / "host-calls": u64 as count = defaults::HOST_CALLS,
        /// Bytes that calls of host functions carry, both ways.
        host_call_bytes / "host-call-bytes": u64 as bytes = defaults::HOST_CALL_BYTES,
        /// Handles that the guest may hold at once.
        handles / "handles": u32 as small = defaults::HANDLES,
        /// Host calls and guest tasks in flight at once.
        tasks_in_flight / "tasks-in-flight": u32 as small = defaults::TASKS_IN_FLIGHT,
        /// HTTP requests, redirects counted.
        requests / "requests": u32 as small = defaults::REQUESTS,
        /// HTTP requests in flight at once; more wait for a free place.
        concurrent_requests / "concurrent-requests": u32 as small = defaults::CONCURRENT_REQUESTS,
        /// Bytes of all request bodies together.
        upload_bytes / "upload-bytes": u64 as bytes = defaults::UPLOAD_BYTES,
        /// Bytes of all response bodies together.
        download_bytes / "download-bytes": u64 as bytes = defaults::DOWNLOAD_BYTES,
        /// Bytes of one message's header, and of its trailer, each way.
        header_bytes / "header-bytes": u64 as bytes = defaults::HEADER_BYTES,
        /// Fields of one message's header, and of its trailer, each way.
        header_fields / "header-fields": u32 as small = defaults::HEADER_FIELDS,
        /// Time to resolve a name and to open a connection, TLS included.
        connect_time / "connect-time": Duration as duration = defaults::CONNECT_TIME,
        /// Time from the end of a request's header to the start of its response.
        first_byte_time / "first-byte-time": Duration as duration = defaults::FIRST_BYTE_TIME,
        /// Time between two pieces of a body.
        idle_time / "idle-time": Duration as duration = defaults::IDLE_TIME,
        /// Time of one request, from the guest's asking to the end of the response's body.
        request_time / "request-time": Duration as duration = defaults::REQUEST_TIME,
        /// TCP connections that the guest opens by itself.
        sockets / "sockets": u32 as small = defaults::SOCKETS,
        /// Names that the guest looks up.
        lookups / "lookups": u32 as small = defaults::LOOKUPS,
        /// Files and folders that are open at once.
        descriptors / "descriptors": u32 as small = defaults::DESCRIPTORS,
        /// Entries that are read of all folders together.
        directory_entries / "directory-entries": u64 as count = defaults::DIRECTORY_ENTRIES,
        /// Time that a guest may go on after it was asked to stop.
        cancel_grace / "cancel-grace": Duration as duration = defaults::CANCEL_GRACE,
    }

    /// Limits of all calls of one plugin together.
    PluginLimits {
        /// Calls that run at once.
        concurrent_calls / "concurrent-calls": u32 as small = defaults::CONCURRENT_CALLS,
        /// Calls that wait for a free place; one more is `busy`.
        queued_calls / "queued-calls": u32 as small = defaults::QUEUED_CALLS,
        /// Instances that are kept warm under the policy `reuse`.
        warm_instances / "warm-instances": u32 as small = defaults::WARM_INSTANCES,
        /// Calls after which a warm instance is retired.
        warm_calls / "warm-calls": u64 as count = defaults::WARM_CALLS,
        /// Sessions that are open at once.
        sessions / "sessions": u32 as small = defaults::SESSIONS,
        /// Time without a call after which a session is closed.
        session_idle / "session-idle": Duration as duration = defaults::SESSION_IDLE,
        /// Calls that start within a minute.
        calls_per_minute / "calls-per-minute": u32 as small = defaults::CALLS_PER_MINUTE,
        /// HTTP requests that start within a minute.
        requests_per_minute / "requests-per-minute": u32 as small = defaults::REQUESTS_PER_MINUTE,
        /// Bytes by which all writes since the load may grow files.
        file_bytes / "file-bytes": u64 as bytes = defaults::FILE_BYTES,
        /// Files and folders made since the load.
        files / "files": u64 as count = defaults::FILES,
        /// Threads of the host that wait for the plugin's files and lookups at once.
        blocking_threads / "blocking-threads": u32 as small = defaults::BLOCKING_THREADS,
        /// Bytes of the plugin's state, where its capability names no quota.
        state_bytes / "state-bytes": u64 as bytes = defaults::STATE_BYTES,
    }
}

impl LimitOverrides {
    /// Says one limit by name, with a value as people write it: `"5s"`, `"256MiB"`, `"100"`.
    ///
    /// # Errors
    /// Where there is no such limit, or the value does not fit it.
    pub fn set_text(&mut self, key: &str, value: &str) -> Result<(), LimitError> {
        self.set_raw(key, &Raw::Text(value.to_owned()))
    }

    /// Says one limit by name, with a plain number: a count, or bytes.
    ///
    /// # Errors
    /// Where there is no such limit, or it is a duration, which needs a unit.
    pub fn set_number(&mut self, key: &str, value: u64) -> Result<(), LimitError> {
        self.set_raw(key, &Raw::Number(value))
    }

    /// What would have to be said to set each limit as it is in `limits`.
    pub fn of(limits: &Limits) -> Self {
        let mut said = Self::default();
        limits.call.say(&mut said);
        limits.plugin.say(&mut said);
        said
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl<'de> Deserialize<'de> for LimitOverrides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut said = Self::default();
        for (key, raw) in BTreeMap::<String, Raw>::deserialize(deserializer)? {
            said.set_raw(&key, &raw).map_err(D::Error::custom)?;
        }
        Ok(said)
    }
}
