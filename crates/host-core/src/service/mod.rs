//! What an embedder gives to plugins by the contract's imports: a model, corpora to search, a planner, other plugins' tools.
//!
//! Each is a trait. The host decides first whether the plugin may use it; who implements one need not ask again.

mod ask;
mod brought;
mod chain;
mod form;
mod guest;
mod interface;
mod invoke;
mod llm;
mod updates;

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_contract::chat::{ChatError, ChatRequest};
use portcullis_host_policy::Identity;
use serde_json::Value;

pub(crate) use brought::Brought;
pub use chain::{Chain, Link};
pub use interface::{HostInterface, HostResult};

use crate::chat::ChatStream;
use crate::log::LogSink;
use crate::{PluginId, ToolError, ToolOutput};

/// Who uses a service, and in which call.
#[derive(Clone)]
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
    /// What takes the place of the host's services in this call: [`CallOptions::services`](crate::CallOptions::services) of the
    /// one that began the chain. They go along to the calls that this one leads to.
    pub services: Services,
    /// Who also gets the lines of this call, and goes along like them.
    pub log: Option<Arc<dyn LogSink>>,
}

impl std::fmt::Debug for ServiceCaller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceCaller")
            .field("plugin", &self.plugin)
            .field("identity", &self.identity)
            .field("call", &self.call)
            .field("chain", &self.chain)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
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

/// What a person said to what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum AskAnswer {
    /// An object that fits the schema.
    Accepted(Value),
    /// The person said no.
    Declined,
    /// The person went away without an answer.
    Cancelled,
}

/// `portcullis:host/ask`: the person on whose behalf the plugin works.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks for what `schema` describes: an object of flat properties, as the elicitation of the Model Context Protocol has it.
    /// Both are as the plugin wrote them, within limits: escape them, and say who asks. The answer is checked against the schema
    /// before the plugin sees it.
    ///
    /// # Errors
    /// `unavailable` where nobody can be asked.
    async fn ask(
        &self,
        caller: &ServiceCaller,
        message: &str,
        schema: &Value,
    ) -> Result<AskAnswer, ServiceError>;
}

/// `portcullis:resource/updates`: who wants to know that a resource has changed.
pub trait ResourceUpdates: Send + Sync {
    /// One of the plugin's own resources has changed. Called while a guest runs, a bounded number of times: hand it on, don't wait.
    fn changed(&self, plugin: &PluginId, uri: &str);
}

/// The services of a host, or those of a call that take their place. What is left out answers `unavailable` to who was granted it.
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
    /// The person to ask.
    pub ask: Option<Arc<dyn Ask>>,
    /// Who wants to know of changed resources.
    pub updates: Option<Arc<dyn ResourceUpdates>>,
}

impl Services {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        let Self {
            llm,
            retrieval,
            planner,
            invoke,
            ask,
            updates,
        } = self;
        let agent = llm.is_none() && retrieval.is_none() && planner.is_none() && invoke.is_none();
        agent && ask.is_none() && updates.is_none()
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services")
            .field("llm", &self.llm.is_some())
            .field("retrieval", &self.retrieval.is_some())
            .field("planner", &self.planner.is_some())
            .field("invoke", &self.invoke.is_some())
            .field("ask", &self.ask.is_some())
            .field("updates", &self.updates.is_some())
            .finish()
    }
}
