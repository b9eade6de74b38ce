//! The host that a command starts, for one plugin and one call at a time.

use crate::args::{Format, HostArgs};
use crate::error::CliError;
use crate::escape;
use crate::output::{self, BAD, DIM};
use crate::progress::Spinner;
use portcullis_host_core::{
    Error, Host, LoadOptions, LogLevel, LogLine, LogSink, LogSource, Plugin, Source,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// A host and the runtime that it runs on.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    pub(crate) host: Host,
    verbose: bool,
}

/// Starts a host that is sized for one call.
pub(crate) fn start(args: &HostArgs, format: Format, verbose: bool) -> Result<Session, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    let mut builder = Host::builder()
        .max_in_flight(1)
        .log_sink(Arc::new(Stderr { format, verbose }));
    if let Some(dir) = &args.cache_dir {
        builder = builder.cache_dir(dir.clone());
    }
    let host = builder.build()?;
    Ok(Session {
        runtime,
        host,
        verbose,
    })
}

impl Session {
    /// Runs one piece of work to its end.
    pub(crate) fn run<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Loads a plugin, with a spinner where it has to be compiled and that takes long.
    pub(crate) async fn load(
        &self,
        source: impl Into<Source>,
        mut options: LoadOptions,
    ) -> Result<Plugin, Error> {
        let spinner = Spinner::new("compiling the plugin");
        options.on_compile = spinner.starter();
        let begun = Instant::now();
        let plugin = self.host.load_with(source, options).await?;
        drop(spinner);
        if self.verbose {
            let how = if plugin.from_cache() {
                "taken from the cache"
            } else {
                "compiled"
            };
            output::note(&format!(
                "{DIM}{how} in {:.1?}, {}{DIM:#}",
                begun.elapsed(),
                plugin.digest()
            ));
        }
        Ok(plugin)
    }
}

/// Writes guests' lines to stderr, tagged with who said them.
struct Stderr {
    format: Format,
    verbose: bool,
}

impl LogSink for Stderr {
    fn log(&self, line: LogLine) {
        if line.level < LogLevel::Info && !self.verbose {
            return;
        }
        let source = format!("{:?}", line.source).to_lowercase();
        let level = line.level.to_string();
        if self.format == Format::Json {
            let fields: serde_json::Map<_, _> = line
                .fields
                .into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect();
            let line = json!({ "log": {
                "plugin": line.plugin.to_string(), "call": line.call_id, "source": source, "level": level,
                "message": line.message, "fields": fields,
            }});
            return output::note(&escape::json(&line.to_string()));
        }
        let style = if line.level >= LogLevel::Warn {
            BAD
        } else {
            DIM
        };
        let fields: String = line
            .fields
            .iter()
            .map(|(key, value)| format!(" {}={}", escape::line(key), escape::line(value)))
            .collect();
        let tag = match line.source {
            LogSource::Stdout | LogSource::Stderr => source,
            _ => level,
        };
        let message = escape::line(&line.message);
        output::note(&format!(
            "{DIM}[{}]{DIM:#} {style}{tag}{style:#} {message}{DIM}{fields}{DIM:#}",
            line.plugin
        ));
    }
}
