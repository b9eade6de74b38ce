//! A call as it is seen from outside.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument as _, Span, field};

use super::{TraceContext, end, names, panicked};
use crate::error::{Error, ErrorKind};
use crate::plugin::PluginInner;

/// What of a plugin is called.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    Tool(&'a str),
    Hook(&'a str),
    Provider(&'a str),
    Prompt(&'a str),
    /// By the name of the resource or template; empty where there is none.
    Resource(&'a str),
}

impl<'a> What<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Tool(name)
            | Self::Hook(name)
            | Self::Provider(name)
            | Self::Prompt(name)
            | Self::Resource(name) => name,
        }
    }

    /// Whether the plugin has it. A name that nothing has is no attribute: a model made it up.
    fn is_known(self, plugin: &PluginInner) -> bool {
        let definitions = &plugin.definitions;
        match self {
            Self::Tool(name) => plugin.tools.contains_key(name),
            Self::Hook(name) => definitions.hooks.iter().any(|one| one.name == name),
            Self::Provider(name) => definitions.providers.iter().any(|one| one.name == name),
            Self::Prompt(name) => definitions.prompts.iter().any(|one| one.name == name),
            Self::Resource(name) => !name.is_empty(),
        }
    }
}

/// The span of one call and what is measured of it. Dropped before the call ended, it says so.
pub(crate) struct CallWatch {
    span: Span,
    /// What was asked for, and when.
    measured: Option<(Option<String>, Instant)>,
    plugin: Arc<PluginInner>,
    call: Arc<str>,
    ended: bool,
}

impl CallWatch {
    /// Begins to watch. The parent is the current span; where there is none, the trace that came with the call.
    pub(crate) fn begin(
        plugin: &Arc<PluginInner>,
        call: &Arc<str>,
        what: What<'_>,
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
        let known = what.is_known(plugin);
        let named = |is_one: bool| (known && is_one).then_some(what.name());
        let tool = named(matches!(what, What::Tool(_)));
        macro_rules! span {
            ($name:expr) => {
                tracing::info_span!(
                    $name,
                    { names::PLUGIN_ID } = %plugin.owner.id,
                    { names::PLUGIN_VERSION } = version.map(field::display),
                    { names::PLUGIN_DIGEST } = %plugin.digest,
                    { names::INSTANCE_POLICY } = plugin.instances.policy().as_str(),
                    { names::CALL_ID } = &**call,
                    { names::TOOL_NAME } = tool,
                    { names::HOOK_NAME } = named(matches!(what, What::Hook(_))),
                    { names::PROVIDER_NAME } = named(matches!(what, What::Provider(_))),
                    { names::PROMPT_NAME } = named(matches!(what, What::Prompt(_))),
                    { names::RESOURCE_NAME } = named(matches!(what, What::Resource(_))),
                    { names::OUTCOME } = field::Empty,
                    { names::ERROR_TYPE } = field::Empty,
                    { names::FUEL } = field::Empty,
                    { names::BYTES_IN } = field::Empty,
                    { names::BYTES_OUT } = field::Empty,
                    otel.status_code = field::Empty,
                )
            };
        }
        let span = match what {
            What::Tool(_) | What::Provider(_) | What::Prompt(_) | What::Resource(_) => {
                span!(names::CALL)
            }
            What::Hook(_) => span!(names::HOOK),
        };
        drop(attached);
        let measured = plugin.meter.is_some();
        Self {
            span,
            measured: measured.then(|| (tool.map(str::to_owned), Instant::now())),
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
    pub(crate) async fn around<T>(
        mut self,
        work: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
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
            meter.call(tool.as_deref(), error_type, begun.elapsed());
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
