//! Tools: native ones and plugins', in one registry, called one way.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_core::{
    Blob, Cancellation, Chain, Error, ToolDefinition, ToolEvent, ToolOutput,
};
use serde_json::Value;

/// Something that a model or a program can call by name, with a JSON object.
#[async_trait]
pub trait Tool: Send + Sync {
    /// What it is. The name in it is its own, without that of its owner.
    fn definition(&self) -> &ToolDefinition;

    /// Runs it. Its arguments were checked against its schema. Dropping the future ends it.
    ///
    /// # Errors
    /// A native tool's own failure is [`Error::Tool`].
    async fn call(&self, call: ToolCall, scope: &CallScope) -> Result<ToolOutput, Error>;
}

/// What a tool is called with.
#[derive(Clone, Debug, Default)]
pub struct ToolCall {
    /// A JSON object.
    pub arguments: Value,
    /// Bytes that come with the call.
    pub attachments: Vec<Blob>,
}

/// Takes what a tool says while it works.
pub type OnEvent = Arc<dyn Fn(ToolEvent) + Send + Sync>;

/// In what a call is made.
#[derive(Clone, Default)]
pub struct CallScope {
    /// The agent's session.
    pub session: Option<String>,
    /// Asks the call to end, politely first.
    pub cancel: Option<Cancellation>,
    /// Called with progress, and with pieces of a streaming tool's answer, while it runs: hand it on, don't wait.
    pub on_event: Option<OnEvent>,
    /// The calls that led to this one, where a plugin's tool makes it.
    pub chain: Option<Chain>,
}

impl fmt::Debug for CallScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScope")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
