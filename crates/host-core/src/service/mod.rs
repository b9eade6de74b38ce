//! What an embedder gives to plugins by the contract's imports: a model, corpora to search, a planner, other plugins' tools.
//!
//! Each is a trait. The host decides first whether the plugin may use it; who implements one need not ask again.

mod chain;
mod guest;
mod interface;
mod invoke;
mod llm;

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_contract::chat::{ChatError, ChatRequest};
use portcullis_host_policy::Identity;
use serde_json::Value;

pub use chain::{Chain, Link};
pub use interface::{HostInterface, HostResult};

use crate::chat::ChatStream;
use crate::{PluginId, ToolError, ToolOutput};

/// Who uses a service, and in which call.
#[derive(Clone, Debug)]
pub struct ServiceCaller {
    /// The plugin.
    pub plugin: PluginId,
    /// Who it is.
    pub identity: Identity,
    /// The call's id, as audit records have it.
    pub call: Arc<str>,
    /// On whose behalf it is made, as [`CallOptions::principal`](crate::CallOptions::principal) says.
    pub principal: Option<Arc<str>>,
    /// The calls that led here, this one last, and the one deadline of all of them.
    pub chain: Chain,
}

/// Why a service did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// One of the contract's: `not-found`, `invalid`, `unavailable`, `quota-exceeded`.
    pub code: &'static str,
    /// For the plugin and people: what went wrong, without what is only the operator's to know.
    pub message: String,
    /// Whether the same may succeed later.
    pub retryable: bool,
}

impl ServiceError {
    /// There is none of that name.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("not-found", message, false)
    }

    /// It can't be asked for like that.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("invalid", message, false)
    }

    /// It can't be had now, or not on this host.
    pub fn unavailable(message: impl Into<String>, retryable: bool) -> Self {
        Self::new("unavailable", message, retryable)
    }

    fn new(code: &'static str, message: impl Into<String>, retryable: bool) -> Self {
        Self {
            code,
            message: message.into(),
            retryable,
        }
    }
}

/// `portcullis:chat/llm`: the host's model.
#[async_trait]
pub trait Llm: Send + Sync {
    /// Answers a request, whose model is one that the plugin was granted. `extra` is as the plugin wrote it.
    ///
    /// # Errors
    /// As the contract has them.
    async fn chat(
        &self,
        caller: &ServiceCaller,
        request: ChatRequest,
    ) -> Result<ChatStream, ChatError>;
}

/// One hit of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Names the chunk within its corpus.
    pub id: String,
    /// The text that matched, with its surroundings.
    pub text: String,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Where the text comes from: a path or an address.
    pub source: Option<String>,
    /// More about it.
    pub metadata: Option<Value>,
}

/// `portcullis:host/retrieval`: search in the texts that the operator made available.
#[async_trait]
pub trait Retrieval: Send + Sync {
    /// The names of all corpora.
    fn corpora(&self) -> Vec<String>;

    /// The best `limit` chunks, best first, from the corpora named, each of which the plugin was granted.
    ///
    /// # Errors
    /// `not-found` where there is no such corpus, `invalid` where the query can't be read, `unavailable`.
    async fn search(
        &self,
        caller: &ServiceCaller,
        corpora: &[String],
        query: &str,
        limit: u32,
    ) -> Result<Vec<Chunk>, ServiceError>;
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// The action's name in the domain.
    pub action: String,
    /// Its objects, in the order of the action's parameters.
    pub arguments: Vec<String>,
}

/// `portcullis:host/planner`: classical planning.
#[async_trait]
pub trait Planner: Send + Sync {
    /// Solves a problem; both texts are PDDL.
    ///
    /// # Errors
    /// `invalid` where they can't be read, `not-found` where there is no plan, `unavailable`.
    async fn solve(
        &self,
        caller: &ServiceCaller,
        domain: &str,
        problem: &str,
    ) -> Result<Vec<PlanStep>, ServiceError>;
}

/// `portcullis:tool/invoke`: other plugins' tools.
#[async_trait]
pub trait Invoke: Send + Sync {
    /// Calls a tool that the plugin was granted by name. [`ServiceCaller::chain`] goes into
    /// [`CallOptions::chain`](crate::CallOptions::chain), so that it has the caller's deadline and permit.
    ///
    /// # Errors
    /// As tools have them.
    async fn call(
        &self,
        caller: &ServiceCaller,
        plugin: &PluginId,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError>;
}

/// The services of a host. What is left out answers `unavailable` to who was granted it.
#[derive(Clone, Default)]
pub struct Services {
    /// The model.
    pub llm: Option<Arc<dyn Llm>>,
    /// The corpora.
    pub retrieval: Option<Arc<dyn Retrieval>>,
    /// The planner.
    pub planner: Option<Arc<dyn Planner>>,
    /// Other plugins' tools.
    pub invoke: Option<Arc<dyn Invoke>>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("llm", &self.llm.is_some())
            .field("retrieval", &self.retrieval.is_some())
            .field("planner", &self.planner.is_some())
            .field("invoke", &self.invoke.is_some())
            .finish()
    }
}
