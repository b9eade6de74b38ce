//! What all calls of plugins have in common, be it of tools, resources or prompts.

use std::pin::pin;
use std::sync::Arc;

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
use super::report::{Reports, reporting};
use super::sampling::ClientLlm;
use crate::content;

impl Session {
    /// Makes a call for a request: it reports while it runs, is asked to end when the client no longer wants it, and is dropped where
    /// it doesn't.
    ///
    /// # Errors
    /// Where it was cancelled, which nobody reads.
    pub(super) async fn made<W: Future>(
        &self,
        context: &RequestContext<RoleServer>,
        call: impl FnOnce(CallScope) -> W,
    ) -> Result<W::Output, ErrorData> {
        let cancel = Cancellation::new();
        let token = context.meta.get_progress_token();
        let least = self.least_level(context);
        let mut scope = CallScope {
            session: Some(self.inner.id.clone()),
            principal: self.inner.principal.behalf(),
            cancel: Some(cancel.clone()),
            services: self.services(context),
            ..CallScope::default()
        };
        let work = async move {
            if token.is_none() && least.is_none() {
                return call(scope).await;
            }
            let begin = |reports: Reports| {
                scope.log = least.map(|least| {
                    let reports = reports.clone();
                    Arc::new(CallLines { reports, least }) as Arc<dyn LogSink>
                });
                scope.on_event = token.map(|token| reports.on_event(token));
                call(scope)
            };
            reporting(&context.peer, begin).await
        };
        let mut work = pin!(work);
        tokio::select! {
            biased;
            made = &mut work => Ok(made),
            () = context.ct.cancelled() => {
                cancel.cancel();
                // The host gives it its grace, and ends it.
                work.await;
                Err(ErrorData::internal_error("the call was cancelled", None))
            }
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
    fn services(&self, context: &RequestContext<RoleServer>) -> Services {
        let endpoint = &self.inner.endpoint.inner;
        let ask = ClientAsk::of(context).map(|ask| Arc::new(ask) as Arc<dyn Ask>);
        let llm = endpoint.options.sampling.then(|| ClientLlm::new(context));
        Services {
            ask,
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

/// Whether a request is of a revision without a handshake, in which the server asks clients for nothing.
pub(super) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| !version.has_initialize())
}
