//! Lines in the host's log.
//!
//! Always permitted; what is over the host's rate or size is counted and dropped. Each macro takes named fields first,
//! then a message as `format!` does:
//!
//! ```
//! use portcullis_guest_sdk::log;
//!
//! let path = "Cargo.lock";
//! log::info!("started");
//! log::warn!(path = path, line = 3, "{path} has a line that can't be read");
//! ```

#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace,
    __log_warn as warn,
};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every step.
    Trace,
    /// For who looks for a fault.
    Debug,
    /// For who runs the host.
    Info,
    /// Something is off, and the call goes on.
    Warn,
    /// Something failed.
    Error,
}

/// Writes one line with named fields; the macros of this module are the comfortable way to it.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    crate::host::log(level, message, fields);
}

/// Writes a line at a given level.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_at {
    ($level:ident, $($key:ident = $value:expr,)* $format:literal $(, $($arguments:tt)*)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($format $(, $($arguments)*)?),
            &[$((::std::string::String::from(::core::stringify!($key)), ::std::string::ToString::to_string(&$value))),*],
        )
    };
}

/// Logs every step: `log::trace!(field = value, "message {}", argument)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($line:tt)*) => { $crate::__log_at!(Trace, $($line)*) };
}

/// Logs for who looks for a fault: `log::debug!(field = value, "message {}", argument)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($line:tt)*) => { $crate::__log_at!(Debug, $($line)*) };
}

/// Logs for who runs the host: `log::info!(field = value, "message {}", argument)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($line:tt)*) => { $crate::__log_at!(Info, $($line)*) };
}

/// Logs what is off without ending the call: `log::warn!(field = value, "message {}", argument)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($line:tt)*) => { $crate::__log_at!(Warn, $($line)*) };
}

/// Logs a failure: `log::error!(field = value, "message {}", argument)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($line:tt)*) => { $crate::__log_at!(Error, $($line)*) };
}
