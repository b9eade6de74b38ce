//! A plugin's HTTP request as it is seen from outside.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use portcullis_host_policy::decision::DenyCode;
use portcullis_host_policy::request::{HttpRequest, Request};
use tracing::{Span, field};
use wasmtime_wasi_http::Error;

use super::trace_context::{TRACEPARENT, TRACESTATE};
use super::{TraceContext, end, names, note};
use crate::access::Caller;

/// The span of one request.
pub(crate) struct EgressWatch {
    span: Span,
    answered: AtomicBool,
    ended: AtomicBool,
}

impl EgressWatch {
    /// Begins to watch. Opened while the guest asks, it is a child of the call's span.
    pub(crate) fn begin(caller: &Caller) -> Self {
        let span = tracing::info_span!(
            names::EGRESS,
            otel.kind = "client",
            { names::PLUGIN_ID } = %caller.access.plugin,
            { names::CALL_ID } = &*caller.call,
            { names::HTTP_METHOD } = field::Empty,
            { names::URL_SCHEME } = field::Empty,
            { names::SERVER_ADDRESS } = field::Empty,
            { names::SERVER_PORT } = field::Empty,
            { names::HTTP_STATUS } = field::Empty,
            { names::BYTES_IN } = field::Empty,
            { names::BYTES_OUT } = field::Empty,
            { names::OUTCOME } = field::Empty,
            { names::ERROR_TYPE } = field::Empty,
            otel.status_code = field::Empty,
        );
        Self {
            span,
            answered: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// The span, to run the request in.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Where the request goes. What repeats a secret is not told, as in every record.
    pub(crate) fn asks(&self, caller: &Caller, target: &HttpRequest) {
        if self.span.is_disabled() {
            return;
        }
        self.span
            .record(names::HTTP_METHOD, target.method().as_str());
        self.span
            .record(names::URL_SCHEME, target.scheme().as_str());
        self.span
            .record(names::SERVER_PORT, i64::from(target.port()));
        if !caller.access.vault.repeats(&Request::Http(target.clone())) {
            self.span
                .record(names::SERVER_ADDRESS, field::display(target.host()));
        }
    }

    /// Writes the trace into a request: the span's own, or else the call's. A policy of the embedder may have named another.
    pub(crate) fn write_trace(&self, caller: &Caller, headers: &mut HeaderMap) {
        let current = TraceContext::current();
        let Some(trace) = current.as_ref().or(caller.trace.as_ref()) else {
            return;
        };
        if headers.contains_key(TRACEPARENT) {
            return;
        }
        let fields = [
            (TRACEPARENT, Some(trace.traceparent())),
            (TRACESTATE, trace.tracestate()),
        ];
        for (name, value) in fields {
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// The response's head is there, and handed on.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.answered.store(true, Ordering::Relaxed);
        self.span
            .record(names::HTTP_STATUS, i64::from(status.as_u16()));
    }

    /// The gate refused it.
    pub(crate) fn denied(&self, code: DenyCode) {
        self.end("denied", Some(code.as_str()));
    }

    /// It failed, if it was not refused.
    pub(crate) fn failed(&self, error: &Error) {
        if !self.span.is_disabled() {
            self.end("error", Some(&kind(error)));
        }
    }

    /// Both bodies are done with.
    pub(crate) fn carried(&self, bytes_out: u64, bytes_in: u64) {
        // Entered, so that this is when it ended.
        self.span.in_scope(|| {
            note(names::BYTES_OUT, bytes_out);
            note(names::BYTES_IN, bytes_in);
            if self.answered.load(Ordering::Relaxed) {
                self.end("ok", None);
            }
        });
    }

    /// The first end is the one.
    fn end(&self, outcome: &str, error_type: Option<&str>) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            end(&self.span, outcome, error_type);
        }
    }
}

impl Drop for EgressWatch {
    fn drop(&mut self) {
        self.end("dropped", None);
    }
}

/// Takes a guest's own trace out of its request: which trace it belongs to is the host's word.
pub(crate) fn take_trace(headers: &mut HeaderMap) {
    headers.remove(TRACEPARENT);
    headers.remove(TRACESTATE);
}

/// The error's name as `wasi:http` spells it, without what it carries.
fn kind(error: &Error) -> String {
    let debug = format!("{error:?}");
    let mut kind = String::new();
    for letter in debug.chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !kind.is_empty() {
            kind.push('-');
        }
        kind.push(letter.to_ascii_lowercase());
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_by_its_name_alone() {
        assert_eq!(kind(&Error::DestinationNotFound), "destination-not-found");
        let error = Error::DnsError {
            rcode: Some("secret".into()),
            info_code: None,
        };
        assert_eq!(kind(&error), "dns-error");
    }
}
