//! What it costs to be seen: warm calls with no subscriber, with one that wants nothing of theirs, and traced.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use portcullis_host_core::{InstancePolicy, LoadOptions};
use portcullis_test_artifacts::BENCH_GREET;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::set_default;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry;
use wasmtime::Result;

use super::{arguments, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, mean_us, median};

/// Calls of one round.
const CALLS: u32 = 10_000;

/// Forgets what it is given.
#[derive(Debug)]
struct Forgotten;

impl SpanExporter for Forgotten {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

pub(super) fn measure() -> Result<Vec<Measured>> {
    let runtime = current_thread()?;
    runtime.block_on(async {
        let host = host(limits()).build()?;
        let options = LoadOptions {
            instances: Some(InstancePolicy::Reuse),
            ..LoadOptions::default()
        };
        let plugin = host.load_with(BENCH_GREET, options).await?;
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(Forgotten)
            .build();
        let given = arguments();
        let call = async || greet(&plugin, given.clone()).await;
        // In turns, so that what slows the machine down for a while slows all.
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(mean_us(CALLS, call).await?);
            let guard = set_default(registry().with(LevelFilter::WARN));
            times[1].push(mean_us(CALLS, call).await?);
            drop(guard);
            let tracer = provider.tracer("bench");
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            let guard = set_default(registry().with(LevelFilter::INFO).with(layer));
            times[2].push(mean_us(CALLS, call).await?);
            drop(guard);
        }
        let [none, off, on] = times.map(median);
        let ratio = |key, with: f64| {
            Measured::new(key, with / none, format!("{with:.2} µs ÷ {none:.2} µs"))
        };
        Ok(vec![
            ratio("telemetry_off_ratio", off),
            ratio("telemetry_on_ratio", on),
        ])
    })
}
