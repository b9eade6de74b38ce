//! What guests and the host have to say beside results, on stderr: a line each, as text or as JSON.

use crate::args::Format;
use crate::escape;
use crate::output::{self, BAD, DIM};
use portcullis_host_core::{LogLevel, LogLine, LogSink, TracingSink};
use serde_json::{Map, json};
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes the lines of guests, as the host's sink, and the warnings of the host itself, as a layer of its tracing subscriber.
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
            source: line.source.as_str(),
            level: line.level.to_string(),
            serious: line.level >= LogLevel::Warn,
            message: &line.message,
            fields: &line.fields,
        });
    }
}

impl Log {
    /// The layer, with what concerns it: no spans, which are for who measures, and no words of guests, which come to the sink.
    pub(crate) fn filtered<S: Subscriber + for<'a> LookupSpan<'a>>(self) -> impl Layer<S> {
        let level = self.max_level();
        let filter = FilterFn::new(move |metadata| {
            metadata.is_event()
                && *metadata.level() <= level
                && metadata.target().starts_with("portcullis")
                && metadata.target() != TracingSink::TARGET
        });
        self.with_filter(filter.with_max_level_hint(level))
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
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
