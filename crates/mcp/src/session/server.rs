//! The protocol's requests, each handed to what does it.
#![allow(
    deprecated,
    reason = "clients of today set levels and subscribe; 2026-07-28 only announces that it goes"
)]

use futures::FutureExt as _;
use rmcp::model::*;
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::Session;
use super::listen::Listener;

/// Methods that are there. A request of one of them that can't be read is told so, and not that there is no such method.
const METHODS: [&str; 12] = [
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

// What calls a guest is boxed: rmcp has a task for each request with room for the largest of these futures, and moves it several times.
impl ServerHandler for Session {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .enable_logging()
            .build();
        let own = Implementation::new("portcullis", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(own.with_title("Portcullis"))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        if self.inner.begun.set(()).is_err() {
            let problem = "the session has begun; begin another for another handshake";
            return Err(ErrorData::invalid_request(problem, None));
        }
        context.peer.set_peer_info(request.clone());
        let (follow, to) = (self.follow(), Listener::Client(context.peer.clone()));
        let (ready, over) = (self.inner.ready.clone(), self.inner.over.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = ready.cancelled() => follow.tell(to, over).await,
                () = over.cancelled() => {}
            }
        });
        self.negotiate_initialize(&request)
    }

    async fn on_initialized(&self, _: NotificationContext<RoleServer>) {
        self.inner.ready.cancel();
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (endpoint, of) = (&self.inner.endpoint, &self.inner.principal);
        let (items, next) = endpoint.page(of, "tools", cursor.as_deref(), |lists| &lists.tools)?;
        let mut result = ListToolsResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (endpoint, of) = (&self.inner.endpoint, &self.inner.principal);
        let page = endpoint.page(of, "resources", cursor.as_deref(), |lists| &lists.resources);
        let (items, next) = page?;
        let mut result = ListResourcesResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (endpoint, of) = (&self.inner.endpoint, &self.inner.principal);
        let page = endpoint.page(of, "templates", cursor.as_deref(), |lists| &lists.templates);
        let (items, next) = page?;
        let mut result = ListResourceTemplatesResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (endpoint, of) = (&self.inner.endpoint, &self.inner.principal);
        let page = endpoint.page(of, "prompts", cursor.as_deref(), |lists| &lists.prompts);
        let (items, next) = page?;
        let mut result = ListPromptsResult::with_all_items(items);
        result.next_cursor = next;
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, &context).boxed().await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.read(request, &context).boxed().await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        self.prompted(request, &context).boxed().await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.completed(&request)
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.inner.level.set(request.level);
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscribed_to(request.uri)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.unsubscribed_from(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let to = Listener::Request(context.sink().clone());
        let over = context.request_context().ct.clone();
        self.follow().tell(to, over).await;
        Ok(())
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        if METHODS.contains(&method.as_str()) {
            let problem = format!("the parameters are not those of {method}");
            return Err(ErrorData::invalid_params(problem, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None))
    }
}
