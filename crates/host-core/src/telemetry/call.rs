//! A call as it is seen from outside.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument as _, Span, field};

use super::{TraceContext, end, names, panicked};
use crate::error::{Error, ErrorKind};
use crate::plugin::PluginInner;
use crate::value::ToolOutput;

/// The span of one call and what is measured of it. Dropped before the call ended, it says so.
pub(crate) struct CallWatch {
    span: Span,
    /// The tool that was asked for, and when.
    measured: Option<(String, Instant)>,
    plugin: Arc<PluginInner>,
    call: Arc<str>,
    ended: bool,
}

impl CallWatch {
    /// Begins to watch. The parent is the current span; where there is none, the trace that came with the call. A name that no
    /// tool has is no attribute: a model made it up.
    pub(crate) fn begin(
        plugin: &Arc<PluginInner>,
        call: &Arc<str>,
        tool: &str,
        trace: Option<&TraceContext>,
    ) -> Self {
        let attached = match trace {
            Some(trace) if TraceContext::current().is_none() => Some(trace.attach()),
            _ => None,
        };
        let version = plugin
            .manifest
            .as_ref()
            .map(|manifest| &manifest.plugin.version);
        let span = tracing::info_span!(
            names::CALL,
            { names::PLUGIN_ID } = %plugin.owner.id,
            { names::PLUGIN_VERSION } = version.map(field::display),
            { names::PLUGIN_DIGEST } = %plugin.digest,
            { names::INSTANCE_POLICY } = plugin.instances.policy().as_str(),
            { names::CALL_ID } = &**call,
            { names::TOOL_NAME } = plugin.tools.contains_key(tool).then_some(tool),
            { names::OUTCOME } = field::Empty,
            { names::ERROR_TYPE } = field::Empty,
            { names::FUEL } = field::Empty,
            { names::BYTES_IN } = field::Empty,
            { names::BYTES_OUT } = field::Empty,
            otel.status_code = field::Empty,
        );
        drop(attached);
        let measured = plugin.meter.is_some();
        Self {
            span,
            measured: measured.then(|| (tool.to_owned(), Instant::now())),
            plugin: Arc::clone(plugin),
            call: Arc::clone(call),
            ended: false,
        }
    }

    /// Runs what comes before the guest within the span.
    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.span.in_scope(work)
    }

    /// The trace that the guest and its requests belong to: the span's own, or else the one that came with the call.
    pub(crate) fn trace(&self, given: Option<TraceContext>) -> Option<TraceContext> {
        let current = if self.span.is_disabled() {
            TraceContext::current()
        } else {
            self.span.in_scope(TraceContext::current)
        };
        current.or(given)
    }

    /// Runs the call within the span, and says how it ended.
    pub(crate) async fn around(
        mut self,
        work: Pin<&mut impl Future<Output = Result<ToolOutput, Error>>>,
    ) -> Result<ToolOutput, Error> {
        let output = work.instrument(self.span.clone()).await;
        match &output {
            Ok(_) => self.answered(),
            Err(error) => self.failed(error),
        }
        output
    }

    fn answered(&mut self) {
        self.ended = true;
        end(&self.span, "ok", None);
        self.measure(None);
    }

    /// Says that the call failed.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.ended = true;
        let kind = error.kind().to_string();
        let outcome = match error.kind() {
            ErrorKind::Denied => "denied",
            _ => "error",
        };
        end(&self.span, outcome, Some(&kind));
        if let Error::Trapped(trap) = error {
            let plugin = Some(&self.plugin.owner.id);
            self.span
                .in_scope(|| panicked(trap, plugin, Some(&self.call)));
        }
        self.measure(Some(&kind));
    }

    fn measure(&self, error_type: Option<&str>) {
        if let (Some(meter), Some((tool, begun))) = (&self.plugin.meter, &self.measured) {
            meter.call(tool, error_type, begun.elapsed());
        }
    }
}

impl Drop for CallWatch {
    fn drop(&mut self) {
        if !self.ended {
            end(&self.span, "dropped", None);
            self.measure(Some("dropped"));
        }
    }
}
