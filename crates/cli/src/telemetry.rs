//! What a command tells OpenTelemetry: exported by OTLP where the standard variables ask for it. Where they don't, nothing is
//! started.

mod wanted;

use crate::log::Log;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use portcullis_host_core::telemetry::{TraceContext, names};
use portcullis_host_core::{HostBuilder, LogLine, LogSink, TracingSink};
use std::env;
use std::future::pending;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use wanted::{Signal, Wanted};

/// Longest that a command waits at its end for a collector.
const PATIENCE: Duration = Duration::from_secs(3);

/// What this process exports, and where it stands in a trace.
#[derive(Default)]
pub(crate) struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
    caller: Option<TraceContext>,
}

static STARTED: OnceLock<Telemetry> = OnceLock::new();

/// Starts what is wanted, and sets the process's subscriber; a second host shares both.
pub(crate) fn start(log: Log) -> &'static Telemetry {
    STARTED.get_or_init(|| {
        let wanted = Wanted::read(|name| env::var(name).ok());
        let mut problems = wanted.problems.clone();
        let mut telemetry = Telemetry::start(&wanted).unwrap_or_else(|error| {
            problems.push(format!("no telemetry is exported: {error}"));
            Telemetry::default()
        });
        telemetry.caller = caller().unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        telemetry.subscribe(log);
        for problem in problems {
            tracing::warn!("{problem}");
        }
        telemetry
    })
}

/// Sends what is left, for a bounded time. What comes of it is no matter of the command's.
pub(crate) fn finish() {
    let Some(telemetry) = STARTED.get() else {
        return;
    };
    let until = Instant::now() + PATIENCE;
    let ended = telemetry.flush();
    let lost = loop {
        match ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => break error.to_string(),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                break format!("the collector has not taken it within {PATIENCE:?}");
            }
        }
    };
    tracing::warn!("telemetry was lost: {lost}");
}

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("no thread for it: {0}")]
    Thread(#[from] io::Error),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

impl Telemetry {
    fn start(wanted: &Wanted) -> Result<Self, StartError> {
        let mut telemetry = Self::default();
        if wanted.signals.is_empty() {
            return Ok(telemetry);
        }
        // Whoever set one has set the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = exporters_runtime()?;
        let _entered = runtime.enter();
        let resource = resource();
        if wanted.has(Signal::Traces) {
            let traces = SdkTracerProvider::builder().with_resource(resource.clone());
            let traces = traces.with_batch_exporter(SpanExporter::builder().build()?);
            telemetry.traces = Some(traces.build());
        }
        if wanted.has(Signal::Metrics) {
            let metrics = SdkMeterProvider::builder().with_resource(resource.clone());
            let metrics = metrics.with_periodic_exporter(MetricExporter::builder().build()?);
            telemetry.metrics = Some(metrics.build());
        }
        if wanted.has(Signal::Logs) {
            let logs = SdkLoggerProvider::builder().with_resource(resource);
            let logs = logs.with_batch_exporter(LogExporter::builder().build()?);
            telemetry.logs = Some(logs.build());
        }
        Ok(telemetry)
    }

    fn subscribe(&self, log: Log) {
        let level = if log.verbose {
            LevelFilter::TRACE
        } else {
            LevelFilter::INFO
        };
        let ours = move |metadata: &Metadata<'_>| {
            metadata.target().starts_with("portcullis") && *metadata.level() <= level
        };
        let traces = self.traces.as_ref().map(|provider| {
            // Lines are logs; of events, a panic alone belongs to its span.
            let filter = filter_fn(move |metadata| {
                ours(metadata) && (metadata.is_span() || metadata.name() == names::PANIC)
            });
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("portcullis"))
                .with_location(false)
                .with_threads(false)
                .with_filter(filter)
        });
        let logs = self
            .logs
            .as_ref()
            .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(filter_fn(ours)));
        let subscriber = tracing_subscriber::registry()
            .with(log.filtered())
            .with(traces)
            .with(logs);
        let _ = tracing::subscriber::set_global_default(subscriber);
    }

    /// The host tells what it measures, and guests' lines go to stderr and to who collects logs.
    pub(crate) fn equip(&self, host: HostBuilder, log: Log) -> HostBuilder {
        let host = match self.logs {
            Some(_) => host.log_sink(Arc::new(Both(log))),
            None => host.log_sink(Arc::new(log)),
        };
        match &self.metrics {
            Some(metrics) => host.meter_provider(metrics),
            None => host,
        }
    }

    /// The trace that the command belongs to.
    pub(crate) fn caller(&self) -> Option<&TraceContext> {
        self.caller.as_ref()
    }

    /// Sends all signals at once, each on a thread that nobody has to wait for.
    fn flush(&self) -> mpsc::Receiver<OTelSdkResult> {
        let (sender, ended) = mpsc::channel();
        let on_thread = |flush: Box<dyn FnOnce() -> OTelSdkResult + Send>| {
            let sender = sender.clone();
            // Without a thread nothing is sent, and nothing is reported.
            let _ = thread::Builder::new().spawn(move || sender.send(flush()));
        };
        if let Some(traces) = self.traces.clone() {
            on_thread(Box::new(move || traces.force_flush()));
        }
        if let Some(metrics) = self.metrics.clone() {
            on_thread(Box::new(move || metrics.force_flush()));
        }
        if let Some(logs) = self.logs.clone() {
            on_thread(Box::new(move || logs.force_flush()));
        }
        ended
    }
}

/// The runtime of the exporters by gRPC, on a thread of its own: the command's is not driven when they need it.
fn exporters_runtime() -> io::Result<tokio::runtime::Handle> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("otlp".into())
        .spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}

/// Who exports: what the variables say, or else this command.
fn resource() -> Resource {
    let named = env::var_os("OTEL_SERVICE_NAME").is_some()
        || env::var("OTEL_RESOURCE_ATTRIBUTES")
            .is_ok_and(|attributes| attributes.contains("service.name="));
    let resource = Resource::builder();
    let resource = match named {
        true => resource,
        false => resource.with_service_name("portcullis"),
    };
    resource.build()
}

/// The trace that the environment names.
fn caller() -> Result<Option<TraceContext>, String> {
    let Ok(traceparent) = env::var("TRACEPARENT") else {
        return Ok(None);
    };
    let tracestate = env::var("TRACESTATE").ok();
    TraceContext::parse(&traceparent, tracestate.as_deref())
        .map(Some)
        .map_err(|error| format!("TRACEPARENT is ignored: {error}"))
}

/// Writes a line, and makes it an event.
struct Both(Log);

impl LogSink for Both {
    fn log(&self, line: LogLine) {
        self.0.log(line.clone());
        TracingSink.log(line);
    }
}
