//! `tools/call`

use portcullis_host_agent::core::Error;
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::{CallError, CallScope, Place, ToolCall, ToolEntry};
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;

use super::Session;
use super::ask::ClientAsk;
use super::consent::Lasts;
use crate::catalog::Catalog;
use crate::content;

impl Session {
    /// Calls a tool. What goes wrong with the call is a result, for the model to read.
    ///
    /// # Errors
    /// Where there is no such tool for this client.
    pub(super) async fn call(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let Some(entry) = catalog.tool(&params.name, &self.inner.principal) else {
            let name = escape::line(&params.name);
            let problem = format!("there is no tool {name:?}; tools/list says which there are");
            return Err(ErrorData::invalid_params(problem, None));
        };
        let call = ToolCall {
            arguments: Value::Object(params.arguments.unwrap_or_default()),
            attachments: Vec::new(),
        };
        let id = context.id.to_string();
        let made = self.made(&context, |mut scope| {
            let (catalog, context, id) = (&catalog, &context, &id);
            async move {
                if let Some(plugin) = entry.plugin() {
                    scope.grants = self.inner.consent.take(plugin);
                }
                match self.outcome(catalog, entry, call, id, scope).await {
                    Ok(answered) => answered,
                    Err(error) => self.refused(entry, &error, context).await,
                }
            }
        });
        made.await
    }

    async fn outcome(
        &self,
        catalog: &Catalog,
        entry: &ToolEntry,
        call: ToolCall,
        id: &str,
        scope: CallScope,
    ) -> Result<CallToolResult, CallError> {
        let endpoint = &self.inner.endpoint.inner;
        let place = Place {
            session: &self.inner.id,
            // A client's conversation has turns that it tells nobody of.
            turn: 1,
        };
        let mut prepared = catalog.snapshot.tools.prepare_by_name(entry.name(), call)?;
        let (hooks, table) = (endpoint.extensions.hooks(), &catalog.snapshot.hooks);
        let passed = prepared.ask(hooks, table, place, id).await;
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
    async fn refused(
        &self,
        entry: &ToolEntry,
        error: &CallError,
        context: &RequestContext<RoleServer>,
    ) -> CallToolResult {
        let mut result = content::error(error);
        let CallError::Failed(Error::Denied { denials, .. }) = error else {
            return result;
        };
        let asked = match (entry.plugin(), ClientAsk::of(context)) {
            (Some(plugin), Some(client)) => self.inner.consent.ask(&client, plugin, denials).await,
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
