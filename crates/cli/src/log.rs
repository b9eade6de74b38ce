//! What guests and the host have to say beside results, on stderr: a line each, as text or as JSON.

use crate::args::Format;
use crate::escape;
use crate::output::{self, BAD, DIM};
use portcullis_host_core::{LogLevel, LogLine, LogSink, LogSource};
use serde_json::{Map, json};
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

/// Writes the lines of guests, as the host's sink, and the warnings of the host itself, as its tracing subscriber.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) format: Format,
    pub(crate) verbose: bool,
}

/// One line, whoever said it.
struct Line<'a> {
    who: &'a str,
    call: Option<&'a str>,
    source: &'a str,
    level: String,
    serious: bool,
    message: &'a str,
    fields: &'a [(String, String)],
}

impl Log {
    /// What the host itself says is only shown where something is off.
    fn max_level(self) -> LevelFilter {
        if self.verbose {
            LevelFilter::DEBUG
        } else {
            LevelFilter::WARN
        }
    }

    fn write(self, line: &Line<'_>) {
        if self.format == Format::Json {
            let fields: Map<_, _> = line
                .fields
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().into()))
                .collect();
            let object = json!({ "log": {
                "plugin": line.who, "call": line.call, "source": line.source, "level": line.level,
                "message": line.message, "fields": fields,
            }});
            return output::note(&escape::json(&object.to_string()));
        }
        let style = if line.serious { BAD } else { DIM };
        let tag = match line.source {
            "stdout" | "stderr" => line.source,
            _ => &line.level,
        };
        let fields: String = line
            .fields
            .iter()
            .map(|(key, value)| format!(" {}={}", escape::line(key), escape::line(value)))
            .collect();
        let (who, message) = (escape::line(line.who), escape::line(line.message));
        output::note(&format!(
            "{DIM}[{who}]{DIM:#} {style}{tag}{style:#} {message}{DIM}{fields}{DIM:#}"
        ));
    }
}

impl LogSink for Log {
    fn log(&self, line: LogLine) {
        if line.level < LogLevel::Info && !self.verbose {
            return;
        }
        self.write(&Line {
            who: line.plugin.as_str(),
            call: Some(&line.call_id),
            source: match line.source {
                LogSource::Guest => "guest",
                LogSource::Stdout => "stdout",
                LogSource::Stderr => "stderr",
                _ => "host",
            },
            level: line.level.to_string(),
            serious: line.level >= LogLevel::Warn,
            message: &line.message,
            fields: &line.fields,
        });
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.max_level() && metadata.target().starts_with("portcullis")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max_level())
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let level = *event.metadata().level();
        self.write(&Line {
            who: "portcullis",
            call: None,
            source: "host",
            level: level.to_string().to_lowercase(),
            serious: level <= Level::WARN,
            message: &said.message,
            fields: &said.fields,
        });
    }

    // Spans are for who measures; a command only says what happened.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// An event's message and fields.
#[derive(Default)]
struct Said {
    message: String,
    fields: Vec<(String, String)>,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push((name.to_string(), format!("{value:?}"))),
        }
    }
}
