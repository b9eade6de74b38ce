//! What is told to the outside: `tracing` spans and events, metrics through OpenTelemetry's API, and the trace that calls
//! belong to. `docs/telemetry.md` says what there is.
//!
//! Nothing here is a secret, a query, an argument or a body. Where nobody listens, nothing is formatted or allocated.

mod call;
mod egress;
mod load;
mod metrics;
pub mod names;
mod trace_context;

pub(crate) use call::{CallWatch, What};
pub(crate) use egress::{EgressWatch, take_trace};
pub(crate) use load::{of_candidate, watch_load};
pub(crate) use metrics::{Counted, Metrics, PluginMeter, observe};
pub use trace_context::{TraceContext, TraceContextError};

use tracing::Span;
use tracing::level_filters::LevelFilter;

use crate::error::Trap;
use crate::{PluginId, TracingSink};

/// Writes down on a span how its work ended.
fn end(span: &Span, outcome: &str, error_type: Option<&str>) {
    span.record(names::OUTCOME, outcome);
    if let Some(error_type) = error_type {
        span.record(names::ERROR_TYPE, error_type);
        span.record("otel.status_code", "ERROR");
    }
}

/// Writes a number down on the current span, if that is one of ours.
pub(crate) fn note(name: &'static str, value: u64) {
    if LevelFilter::current() >= LevelFilter::INFO {
        // What is unsigned arrives as text in traces.
        Span::current().record(name, i64::try_from(value).unwrap_or(i64::MAX));
    }
}

/// Says that a guest broke, within the span of what it did.
fn panicked(trap: &Trap, plugin: Option<&PluginId>, call: Option<&str>) {
    let (message, place) = match &trap.panic {
        Some(panic) => (panic.message.as_str(), panic.place.as_deref()),
        None => (trap.reason.as_str(), None),
    };
    tracing::event!(
        name: names::PANIC,
        target: TracingSink::TARGET,
        tracing::Level::ERROR,
        { names::PLUGIN_ID } = plugin.map(tracing::field::display),
        { names::CALL_ID } = call,
        { names::EXCEPTION_MESSAGE } = %message.escape_debug(),
        { names::PANIC_PLACE } = place.map(|place| tracing::field::display(place.escape_debug())),
        "{}",
        names::PANIC
    );
}
