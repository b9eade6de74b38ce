//! `tools/call`

use std::sync::Arc;

use portcullis_host_agent::core::Error;
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::{CallError, CallScope, Place, ToolCall, ToolEntry};
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;

use super::Session;
use super::ask::ClientAsk;
use super::call::is_modern;
use super::consent::{Consent, Lasts};
use super::rounds::{Outcome, Running};
use crate::catalog::Catalog;
use crate::content;
use crate::endpoint::Endpoint;

impl Session {
    /// Calls a tool. What goes wrong with the call is a result, for the model to read.
    ///
    /// # Errors
    /// Where there is no such tool for this client.
    pub(super) async fn call(
        &self,
        params: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let begin = |params| self.calling(params, context);
        match (self.inner.rounds.tools.round(params, context, begin)).await? {
            Outcome::Done(result) => Ok(result.into()),
            Outcome::Wanted(wanted) => Ok(wanted.into()),
        }
    }

    fn calling(
        &self,
        params: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Running<CallToolResult>, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let Some(entry) = catalog.tool(&params.name, &self.inner.principal) else {
            let name = escape::line(&params.name);
            let problem = format!("there is no tool {name:?}; tools/list says which there are");
            return Err(ErrorData::invalid_params(problem, None));
        };
        let request = ToolRequest {
            entry: Arc::clone(entry),
            endpoint: self.inner.endpoint.clone(),
            consent: Arc::clone(&self.inner.consent),
            session: self.inner.id.clone(),
            id: context.id.to_string(),
            catalog,
        };
        let call = ToolCall {
            arguments: Value::Object(params.arguments.unwrap_or_default()),
            attachments: Vec::new(),
        };
        // What a person allows is for a session's next calls: where there are none, they are not asked.
        let lasts = !(self.inner.brief && is_modern(context));
        Ok(self.begun(context, |scope, ask| {
            let ask = ask.filter(|_| lasts);
            async move { request.made(call, scope, ask).await }
        }))
    }
}

/// What a call of a tool needs of its session, beside which it may wait.
struct ToolRequest {
    entry: Arc<ToolEntry>,
    endpoint: Endpoint,
    consent: Arc<Consent>,
    catalog: Arc<Catalog>,
    /// The session's id.
    session: String,
    id: String,
}

impl ToolRequest {
    async fn made(
        &self,
        call: ToolCall,
        mut scope: CallScope,
        ask: Option<ClientAsk>,
    ) -> CallToolResult {
        if let Some(plugin) = self.entry.plugin() {
            scope.grants = self.consent.take(plugin);
        }
        match self.outcome(call, scope).await {
            Ok(answered) => answered,
            Err(error) => self.refused(&error, ask).await,
        }
    }

    async fn outcome(&self, call: ToolCall, scope: CallScope) -> Result<CallToolResult, CallError> {
        let endpoint = &self.endpoint.inner;
        let place = Place {
            session: &self.session,
            // A client's conversation has turns that it tells nobody of.
            turn: 1,
        };
        let snapshot = &self.catalog.snapshot;
        let mut prepared = snapshot.tools.prepare_by_name(self.entry.name(), call)?;
        let hooks = endpoint.extensions.hooks();
        let passed = prepared.ask(hooks, &snapshot.hooks, place, &self.id).await;
        if let Some(stopped) = passed.cancelled {
            return Ok(content::failed("denied", &stopped.reason));
        }
        let approved = prepared
            .check()?
            .approve(&endpoint.approvals, scope)
            .await?;
        Ok(content::answered(approved.run().await?))
    }

    /// Why a call has no result. Where it lacked a grant, the person is asked if their operator said that they may be; the call is not
    /// made again, since it may have done a part of its work: that is for who made it to decide.
    async fn refused(&self, error: &CallError, ask: Option<ClientAsk>) -> CallToolResult {
        let mut result = content::error(error);
        let CallError::Failed(Error::Denied { denials, .. }) = error else {
            return result;
        };
        let asked = match (self.entry.plugin(), ask) {
            (Some(plugin), Some(client)) => self.consent.ask(&client, plugin, denials).await,
            _ => None,
        };
        let told = match asked {
            Some(Lasts::Once) => {
                Some("The person has allowed it for the next call: call the tool again.".to_owned())
            }
            Some(Lasts::Session) => {
                Some("The person has allowed it in this session: call the tool again.".to_owned())
            }
            None => content::lacking(denials),
        };
        result.content.extend(told.map(ContentBlock::text));
        result
    }
}
