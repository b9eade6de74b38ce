//! What all calls of plugins have in common, be it of tools, resources or prompts.

use std::sync::Arc;

use futures::FutureExt as _;

use portcullis_host_agent::core::{
    Ask, Cancellation, Error, Llm, LogSink, ResourceUpdates, Services,
};
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::CallScope;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::json;

use super::Session;
use super::ask::ClientAsk;
use super::log::CallLines;
use super::questions::Questions;
use super::report::reports;
use super::rounds::Running;
use super::sampling::ClientLlm;
use crate::content;

impl Session {
    /// Begins a call for a request. It reports while it runs, is asked to end when the client no longer wants it, and is dropped where
    /// it doesn't. It must not keep the session: it may wait there for the next round.
    pub(super) fn begun<W: Future + Send + 'static>(
        &self,
        context: &RequestContext<RoleServer>,
        call: impl FnOnce(CallScope, Option<ClientAsk>) -> W,
    ) -> Running<W::Output> {
        let cancel = Cancellation::new();
        let (questions, asked) = Questions::to(context);
        let ask = ClientAsk::of(context, &questions);
        let mut scope = CallScope {
            session: Some(self.inner.id.clone()),
            principal: self.inner.principal.behalf(),
            cancel: Some(cancel.clone()),
            services: self.services(context, &ask, &questions),
            ..CallScope::default()
        };
        let follows = context.meta.get_progress_token().is_some();
        let least = self.least_level(context);
        let said = (follows || least.is_some()).then(|| {
            let (sender, said) = reports();
            scope.log = least.map(|least| {
                let reports = sender.clone();
                Arc::new(CallLines { reports, least }) as Arc<dyn LogSink>
            });
            scope.on_event = follows.then(|| sender.on_event());
            said
        });
        Running {
            work: call(scope, ask).boxed(),
            cancel,
            reports: said,
            questions: asked,
            open: Vec::new(),
        }
    }

    /// How serious a line must be to be told during a request; nothing is where the client doesn't want any. Since 2026-07-28 each
    /// request says so for itself.
    fn least_level(&self, context: &RequestContext<RoleServer>) -> Option<u8> {
        if is_modern(context) {
            return context.meta.log_level().map(|level| level as u8);
        }
        Some(self.inner.level.get())
    }

    /// What the client does for plugins in the place of the host.
    fn services(
        &self,
        context: &RequestContext<RoleServer>,
        ask: &Option<ClientAsk>,
        questions: &Questions,
    ) -> Services {
        let endpoint = &self.inner.endpoint.inner;
        let sampling = endpoint.options.sampling;
        let llm = sampling.then(|| ClientLlm::new(context, questions));
        Services {
            ask: ask.clone().map(|ask| Arc::new(ask) as Arc<dyn Ask>),
            llm: llm.map(|llm| Arc::new(llm) as Arc<dyn Llm>),
            updates: Some(Arc::clone(&endpoint.updates) as Arc<dyn ResourceUpdates>),
            ..Services::default()
        }
    }
}

/// An error where the protocol has no result to put it in.
pub(super) fn protocol_error(error: &Error) -> ErrorData {
    let mut message = escape::text(&error.told()).into_owned();
    if let Error::Denied { denials, .. } = error
        && let Some(lacking) = content::lacking(denials)
    {
        message = format!("{message}\n{lacking}");
    }
    match error {
        Error::InvalidArguments { .. } => ErrorData::invalid_params(message, None),
        _ => ErrorData::internal_error(message, Some(json!({ "kind": error.kind().to_string() }))),
    }
}

/// Whether a request is of a revision without a handshake, in which the server asks clients for nothing while a request runs.
pub(super) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| !version.has_initialize())
}
