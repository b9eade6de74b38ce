//! Guests' lines, for the client that wants them.
#![expect(
    deprecated,
    reason = "clients of today take logging notifications; 2026-07-28 only announces that they go"
)]

use std::sync::atomic::{AtomicU8, Ordering};

use portcullis_host_agent::core::{LogLevel, LogLine, LogSink};
use portcullis_host_agent::escape;
use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam};
use serde_json::{Map, Value};

use super::report::{Report, Reports};

/// The least serious level that is told: what the client set, and before it sets any, what a person would want to read.
pub(super) struct Level(AtomicU8);

impl Default for Level {
    fn default() -> Self {
        Self(AtomicU8::new(LoggingLevel::Info as u8))
    }
}

impl Level {
    pub(super) fn set(&self, level: LoggingLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Tells the lines of one call.
pub(super) struct CallLines {
    pub(super) reports: Reports,
    pub(super) least: u8,
}

impl LogSink for CallLines {
    fn log(&self, line: LogLine) {
        let level = match line.level {
            LogLevel::Trace | LogLevel::Debug => LoggingLevel::Debug,
            LogLevel::Info => LoggingLevel::Info,
            LogLevel::Warn => LoggingLevel::Warning,
            LogLevel::Error => LoggingLevel::Error,
        };
        if (level as u8) < self.least {
            return;
        }
        let told = LoggingMessageNotificationParam::new(level, data(&line));
        let told = told.with_logger(line.plugin.to_string());
        self.reports.tell(Report::Line(Box::new(told)));
    }
}

/// A line alone is a text; with fields, an object of both.
fn data(line: &LogLine) -> Value {
    let message = Value::from(escape::text(&line.message));
    if line.fields.is_empty() {
        return message;
    }
    let fields = line.fields.iter();
    let fields = fields.map(|(key, value)| (escape::line(key), escape::text(value).into()));
    let mut data: Map<_, _> = fields.collect();
    data.insert("message".to_owned(), message);
    Value::Object(data)
}
