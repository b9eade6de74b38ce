//! What `/metrics` tells, in Prometheus' text.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

use super::client::Clients;
use super::service::Route;

/// Limits of the buckets, in seconds: an answer without a guest takes some hundred microseconds, one with a slow guest seconds.
const SECONDS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0,
];

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
#[error("metrics can't be told: {0}")]
pub struct MetricsError(String);

/// Metrics of a host and of the server that serves its plugins, to be read by Prometheus. Clones share them.
///
/// Hand [`provider`](Self::provider) to the host
/// ([`HostBuilder::meter_provider`](portcullis_host_agent::core::HostBuilder::meter_provider)), and all that it measures is told.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Metrics {
    /// Nothing is measured yet.
    ///
    /// # Errors
    /// Where the exporter can't be set up.
    pub fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone());
        let exporter = exporter
            .build()
            .map_err(|error| MetricsError(error.to_string()))?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        Ok(Self { registry, provider })
    }

    /// Where instruments are made.
    pub fn provider(&self) -> &SdkMeterProvider {
        &self.provider
    }

    /// All of them as they are now, in Prometheus' text format.
    ///
    /// # Errors
    /// Where they can't be written as such.
    pub fn text(&self) -> Result<String, MetricsError> {
        let families = self.registry.gather();
        let text = TextEncoder::new().encode_to_string(&families);
        text.map_err(|error| MetricsError(error.to_string()))
    }
}

/// The server's own instruments.
pub(super) struct Instruments {
    duration: Histogram<f64>,
}

impl Instruments {
    pub(super) fn new(metrics: &Metrics, clients: &Arc<Clients>) -> Self {
        let meter = metrics.provider.meter("portcullis.mcp");
        observe_sessions(&meter, Arc::downgrade(clients));
        let duration = meter
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("How long requests took until their answer began.")
            .with_boundaries(SECONDS.to_vec());
        Self {
            duration: duration.build(),
        }
    }

    /// One request was answered. What a client can choose freely is not told.
    pub(super) fn answered(
        &self,
        method: &Method,
        route: Route,
        status: StatusCode,
        took: Duration,
    ) {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "_OTHER",
        };
        let attributes = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.name()),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
        ];
        self.duration.record(took.as_secs_f64(), &attributes);
    }
}

fn observe_sessions(meter: &Meter, clients: Weak<Clients>) {
    meter
        .u64_observable_gauge("portcullis.mcp.sessions")
        .with_unit("{session}")
        .with_description("Open MCP sessions.")
        .with_callback(move |observer| {
            if let Some(clients) = clients.upgrade() {
                observer.observe(clients.sessions() as u64, &[]);
            }
        })
        .build();
}
