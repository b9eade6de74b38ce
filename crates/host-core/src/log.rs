//! Where a guest's words go: log lines and captured standard streams, bounded, tagged and handed to one sink.

use std::fmt;

use crate::PluginId;
use crate::service::Brought;
use crate::state::Owner;
use crate::telemetry::names;

/// How much a line matters, as the guest said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
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

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            LogLevel::Trace => "trace",
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        })
    }
}

/// How a line left the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogSource {
    /// Through `portcullis:host/log`.
    Guest,
    /// Printed to standard output.
    Stdout,
    /// Printed to standard error.
    Stderr,
    /// Said by the host of the guest: lines that were dropped.
    Host,
}

impl LogSource {
    /// As it stands in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            LogSource::Guest => "guest",
            LogSource::Stdout => "stdout",
            LogSource::Stderr => "stderr",
            LogSource::Host => "host",
        }
    }
}

/// One line. All text but `plugin` and `call_id` is the guest's: escape it where a person or a model reads it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogLine {
    /// Whose line it is.
    pub plugin: PluginId,
    /// The call that it belongs to; empty while a plugin is loaded.
    pub call_id: String,
    /// How much it matters.
    pub level: LogLevel,
    /// The line, without its end.
    pub message: String,
    /// Named fields, in the guest's order.
    pub fields: Vec<(String, String)>,
    /// How it left the guest.
    pub source: LogSource,
}

/// Takes the lines of all guests. Called while a guest runs: hand the line on, don't wait.
pub trait LogSink: Send + Sync {
    /// Takes one line.
    fn log(&self, line: LogLine);
}

/// Where the lines of one call go: to the host's sink and, where the call brought one, to that too.
pub(crate) struct CallLog<'a> {
    owner: &'a Owner,
    call_id: &'a str,
    sink: &'a dyn LogSink,
}

impl<'a> CallLog<'a> {
    pub(crate) fn new(owner: &'a Owner, call_id: &'a str, brought: Option<&'a Brought>) -> Self {
        let sink = brought.and_then(Brought::lines).unwrap_or(&owner.log);
        Self {
            owner,
            call_id,
            sink: &**sink,
        }
    }

    /// One line of the guest's.
    pub(crate) fn write(
        &self,
        source: LogSource,
        level: LogLevel,
        message: String,
        fields: Vec<(String, String)>,
    ) {
        self.sink.log(LogLine {
            plugin: self.owner.id.clone(),
            call_id: self.call_id.to_owned(),
            level,
            message,
            fields,
            source,
        });
    }

    /// Says that something of the guest's was dropped.
    pub(crate) fn note_dropped(&self, what: &str) {
        let message = format!("dropped: {what}");
        self.write(LogSource::Host, LogLevel::Warn, message, Vec::new());
    }
}

/// The default sink: `tracing` events with the target `portcullis::guest`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl TracingSink {
    /// The target of guests' words, and of what is said when one of them breaks.
    pub const TARGET: &'static str = "portcullis::guest";
}

impl LogSink for TracingSink {
    fn log(&self, line: LogLine) {
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: TracingSink::TARGET,
                    tracing::Level::$level,
                    { names::PLUGIN_ID } = %line.plugin,
                    { names::CALL_ID } = line.call_id,
                    { names::LOG_SOURCE } = line.source.as_str(),
                    { names::LOG_FIELDS } = ?line.fields,
                    "{}",
                    line.message.escape_debug()
                )
            };
        }
        match line.level {
            LogLevel::Trace => event!(TRACE),
            LogLevel::Debug => event!(DEBUG),
            LogLevel::Info => event!(INFO),
            LogLevel::Warn => event!(WARN),
            LogLevel::Error => event!(ERROR),
        }
    }
}
