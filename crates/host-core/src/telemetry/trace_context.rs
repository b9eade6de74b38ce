//! The trace that a call belongs to, as W3C Trace Context writes it.

use std::fmt;
use std::str::FromStr as _;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, ContextGuard};

/// The header, and the guest's metadata, that carries a trace.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// The header that carries what tracing systems add to it.
pub(crate) const TRACESTATE: &str = "tracestate";

/// Bytes of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// A place in a trace: what `traceparent` and `tracestate` say ([W3C Trace Context]).
///
/// ```
/// use portcullis_host_core::telemetry::TraceContext;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace = TraceContext::parse(text, Some("vendor=value")).expect("a trace");
/// assert_eq!(trace.traceparent(), text);
/// assert!(TraceContext::parse("00-0-0-01", None).is_err());
/// ```
///
/// [W3C Trace Context]: https://www.w3.org/TR/trace-context/
#[derive(Clone, Debug, PartialEq)]
pub struct TraceContext(SpanContext);

/// A `traceparent` that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is no traceparent; give four fields of lower-case hexadecimal digits, such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)]
pub struct TraceContextError {
    /// The start of what was given.
    pub given: String,
}

impl TraceContext {
    /// Reads a trace. A `tracestate` that can't be read is left out, as the specification wants it.
    ///
    /// # Errors
    /// Where `traceparent` can't be read.
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Result<Self, TraceContextError> {
        let (trace, span, flags) = fields(traceparent).ok_or_else(|| TraceContextError {
            given: traceparent.chars().take(LENGTH + 1).collect(),
        })?;
        let state = tracestate.and_then(|state| TraceState::from_str(state).ok());
        Ok(Self(SpanContext::new(
            trace,
            span,
            flags & TraceFlags::SAMPLED,
            true,
            state.unwrap_or_default(),
        )))
    }

    /// The place at which OpenTelemetry's own context stands now, if it stands in a trace.
    pub fn current() -> Option<Self> {
        Context::map_current(|context| {
            let place = context.has_active_span().then(|| context.span());
            place
                .map(|span| span.span_context().clone())
                .filter(SpanContext::is_valid)
                .map(Self)
        })
    }

    /// The field `traceparent`.
    pub fn traceparent(&self) -> String {
        let (trace, span, flags) = (self.0.trace_id(), self.0.span_id(), self.0.trace_flags());
        format!("00-{trace}-{span}-{:02x}", flags & TraceFlags::SAMPLED)
    }

    /// The field `tracestate`, where there is something to say.
    pub fn tracestate(&self) -> Option<String> {
        Some(self.0.trace_state().header()).filter(|state| !state.is_empty())
    }

    /// Tells it to a guest, unless the caller has told it something else.
    pub(crate) fn add_to(&self, metadata: &mut Vec<(String, String)>) {
        if !metadata.iter().any(|(key, _)| key == TRACEPARENT) {
            metadata.push((TRACEPARENT.to_owned(), self.traceparent()));
        }
    }

    /// Makes it OpenTelemetry's current context on this thread until the guard is dropped: spans that are opened meanwhile
    /// are its children.
    #[must_use = "it is the current one until the guard is dropped"]
    pub fn attach(&self) -> ContextGuard {
        Context::current()
            .with_remote_span_context(self.0.clone())
            .attach()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceparent())
    }
}

/// The fields of a `traceparent`. Later versions may have more of them, and are read as 00.
fn fields(text: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let mut fields = text.splitn(5, '-');
    let [version, trace, span, flags] = [2, 32, 16, 2].map(|digits| {
        let field = fields.next()?;
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (field.len() == digits && field.bytes().all(hexadecimal)).then_some(field)
    });
    let version = version?;
    let more = fields.next().is_some();
    if version == "ff" || (version == "00" && more) {
        return None;
    }
    let trace = TraceId::from_hex(trace?).ok()?;
    let span = SpanId::from_hex(span?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(flags?, 16).ok()?);
    (trace != TraceId::INVALID && span != SpanId::INVALID).then_some((trace, span, flags))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_again() {
        let trace = TraceContext::parse(TRACE, Some("a=1,b=2")).unwrap();
        assert_eq!(trace.traceparent(), TRACE);
        assert_eq!(trace.tracestate().as_deref(), Some("a=1,b=2"));
        assert_eq!(TraceContext::parse(TRACE, None).unwrap().tracestate(), None);
    }

    #[test]
    fn flags_that_nobody_knows_are_not_handed_on() {
        let text = TRACE.replace("-01", "-ff");
        assert_eq!(
            TraceContext::parse(&text, None).unwrap().traceparent(),
            TRACE
        );
    }

    #[test]
    fn a_later_version_is_read_as_the_first() {
        for text in [
            TRACE.replace("00-4", "01-4"),
            TRACE.replace("00-4", "cc-4") + "-more-of-it",
        ] {
            assert_eq!(
                TraceContext::parse(&text, None).unwrap().traceparent(),
                TRACE
            );
        }
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert!(TraceContext::parse(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_state_that_can_not_be_read_costs_the_state_alone() {
        let trace = TraceContext::parse(TRACE, Some("UPPER=1,=,")).unwrap();
        assert_eq!(
            (trace.traceparent().as_str(), trace.tracestate()),
            (TRACE, None)
        );
    }

    #[test]
    fn a_trace_is_the_current_one_while_it_is_attached() {
        let trace = TraceContext::parse(TRACE, Some("a=1")).unwrap();
        assert_eq!(TraceContext::current(), None);
        let attached = trace.attach();
        assert_eq!(TraceContext::current().unwrap().traceparent(), TRACE);
        drop(attached);
        assert_eq!(TraceContext::current(), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}", state in ".{0,80}") {
            let _ = TraceContext::parse(&text, Some(&state));
        }

        #[test]
        fn whatever_is_read_is_written_as_it_can_be_read(text in "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}") {
            if let Ok(trace) = TraceContext::parse(&text, None) {
                prop_assert_eq!(TraceContext::parse(&trace.traceparent(), None), Ok(trace));
            }
        }
    }
}
