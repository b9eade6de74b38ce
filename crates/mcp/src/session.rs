//! One client.

use std::sync::Arc;

use portcullis_host_agent::core::Cancellation;
use portcullis_host_agent::tool::{CallError, CallScope, ToolCall};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;

use crate::content;
use crate::endpoint::Endpoint;
use crate::principal::Principal;

/// One client's view of an [`Endpoint`], as rmcp serves it. Clones are the same session.
#[derive(Clone, Debug)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    principal: Principal,
    id: String,
}

impl Session {
    pub(crate) fn new(endpoint: Endpoint, principal: Principal, number: u64) -> Self {
        let id = format!("{}#{number}", principal.name);
        let inner = Inner {
            endpoint,
            principal,
            id,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Who the client is.
    pub fn principal(&self) -> &Principal {
        &self.inner.principal
    }

    async fn call(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let tool = catalog.tool(&params.name, &self.inner.principal);
        let tool = tool.ok_or_else(|| ErrorData::invalid_params("there is no such tool", None))?;
        let call = ToolCall {
            arguments: Value::Object(params.arguments.unwrap_or_default()),
            attachments: Vec::new(),
        };
        let cancel = Cancellation::new();
        let scope = CallScope {
            session: Some(self.inner.id.clone()),
            principal: self.inner.principal.behalf(),
            cancel: Some(cancel.clone()),
            ..CallScope::default()
        };
        let tools = self.inner.endpoint.inner.extensions.snapshot();
        let made = async {
            let prepared = tools.tools.prepare_by_name(tool.entry.name(), call)?;
            let checked = prepared.check()?;
            let approvals = &self.inner.endpoint.inner.approvals;
            checked.approve(approvals, scope).await?.run().await
        };
        let made: Result<_, CallError> = tokio::select! {
            made = made => made,
            () = context.ct.cancelled() => {
                return Err(ErrorData::internal_error("the call was cancelled", None));
            }
        };
        Ok(match made {
            Ok(output) => content::answered(output),
            Err(error) => CallToolResult::error(vec![rmcp::model::ContentBlock::text(error.told())]),
        })
    }
}

impl ServerHandler for Session {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let own = Implementation::new("portcullis", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(own)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let tools = catalog.tools(&self.inner.principal).cloned().collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, context).await.map(Into::into)
    }
}
