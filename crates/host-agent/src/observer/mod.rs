//! The observer bridge: what an agent tells its observers becomes events of hooks.
//!
//! An agent tells its [`Observer`]s what it does as [`AgentEvent`]s. One of them is the [`Bridge`]: it raises the points at which
//! nothing is decided. Those at which handlers have a say the agent raises itself, where it acts on what they say.

mod bridge;
mod cut;
mod redact;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use portcullis_contract::hook::{
    AfterCompaction, AfterToolCall, BeforeAgentStart, BeforeToolCall, GatewayStop, Heartbeat,
    LlmInput, LlmOutput, MessageReceived, MessageSent, SessionEnd,
};

pub use bridge::{Bridge, BridgeStats, Raise};
pub use redact::{Redactor, RedactorError};

/// Something that happened in an agent.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// The process ends, once nothing runs any more.
    GatewayStop(GatewayStop),
    /// A session ended.
    SessionEnd(SessionEnd),
    /// Somebody said something.
    MessageIn(MessageReceived),
    /// The agent begins to work on a message.
    AgentStart(BeforeAgentStart),
    /// It is done with it.
    AgentEnd(AgentEnd),
    /// A request to a model is made.
    LlmRequest(LlmInput),
    /// The model has answered.
    LlmResponse(LlmOutput),
    /// A tool is called.
    ToolStart(BeforeToolCall),
    /// A tool was called, or not, and there is a result.
    ToolEnd(AfterToolCall),
    /// The conversation was summed up.
    Compacted(AfterCompaction),
    /// A message was sent.
    MessageOut(MessageSent),
    /// The agent lives.
    Heartbeat(Heartbeat),
    /// Something went wrong.
    Error(AgentFailure),
}

/// How an agent's work on a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEnd {
    /// The session.
    pub session: String,
    /// How many turns it took.
    pub turns: u32,
    /// `answered`, `stopped`, `cancelled`, `failed`, or another.
    pub outcome: String,
}

/// Something that went wrong in an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFailure {
    /// The session, if it was in one.
    pub session: Option<String>,
    /// What the agent was doing, such as `llm-call`.
    pub during: String,
    /// What went wrong, for people.
    pub message: String,
}

/// Someone who is told what an agent does.
pub trait Observer: Send + Sync {
    /// Takes an event in. The agent waits for it, so it must not: hand on what takes time.
    fn on_event(&self, event: &AgentEvent);
}

/// Several observers in the place of one. What panics in one reaches neither the others nor the agent.
#[derive(Clone, Default)]
pub struct Fanout(Vec<Arc<dyn Observer>>);

impl Fanout {
    /// These, told in this order.
    pub fn new(observers: impl IntoIterator<Item = Arc<dyn Observer>>) -> Self {
        Self(observers.into_iter().collect())
    }
}

impl Observer for Fanout {
    fn on_event(&self, event: &AgentEvent) {
        for observer in &self.0 {
            // An observer that is broken halfway is told on; that is its own to cope with.
            if catch_unwind(AssertUnwindSafe(|| observer.on_event(event))).is_err() {
                tracing::error!("an observer of the agent panicked, and missed an event");
            }
        }
    }
}

impl std::fmt::Debug for Fanout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Fanout").field(&self.0.len()).finish()
    }
}
