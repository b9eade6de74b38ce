//! Hooks: who is asked or told at the points of an agent's life, in which order, and what comes of it.
//!
//! A [`HookTable`] says who is subscribed to what; a [`HookRunner`] asks them:
//!
//! 1. Those that modify and those that gate run one after another, in the order of the table. Each sees what the one before it left.
//!    A new payload is looked at field by field before the next one sees it: [`Change`].
//! 2. The first cancellation ends it. A gate that fails – errs, panics, is late, is out of order, gives a payload that does not fit –
//!    is a cancellation. Who modifies and fails has changed nothing.
//! 3. Observers are told what finally happens: they get the last payload, off the caller's path, and nothing of what was cancelled.
//!
//! What handlers ask for besides are [intents](crate::action::Intent), which the caller carries out once the event has passed. Those
//! of an event that was cancelled are refused, but for those of who cancelled it. Observers answer later than their event has passed:
//! what they ask for waits in [`HookRunner::take_intents`].
//!
//! Inside a handler no hooks are raised: [`without_hooks`].

mod answer;
mod breaker;
mod change;
mod check;
mod failure;
mod native;
mod observe;
mod pass;
mod plugin;
mod runner;
mod scope;
mod state;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
pub use portcullis_contract::hook::{Change, Mode, Payload, Phase, Point};
use portcullis_host_core::PluginId;
use serde_json::Value;

pub use native::{Typed, handler, typed};
pub use pass::{Cancelled, Passed, Raised};
pub(crate) use plugin::PluginPermits;
pub use plugin::subscriptions;
pub use runner::{
    BREAKER_FAILURES, BREAKER_PAUSE, DEADLINE, HookOptions, HookRunner, OBSERVER_QUEUE,
};
pub use scope::{raises_hooks, without_hooks};
pub use state::HookStatus;
pub use table::{HookTable, Permits, RefusedSubscription, Subscription, SubscriptionError};

use crate::action::{Action, Refusal};
use crate::escape;

/// Longest text of a plugin – a reason, a message – that is passed on, in characters: enough for a person to see what is meant.
pub const SHOWN_CHARS: usize = 500;

/// A plugin's text as people and models may see it: one line, nothing hidden in it, not longer than [`SHOWN_CHARS`].
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", escape::line(&text[..end])),
        None => escape::line(text),
    }
}

/// Who stands behind a handler, an action or a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Author {
    /// The agent's own program, which needs no grant.
    Native,
    /// A plugin.
    Plugin(PluginId),
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native"),
            Self::Plugin(id) => write!(f, "{id}"),
        }
    }
}

/// What a handler is told.
#[derive(Clone, Debug)]
pub struct HookEvent {
    /// The point.
    pub point: &'static Point,
    /// Unique to this event, for all of its handlers the same.
    pub id: Arc<str>,
    /// The payload as this handler may see it, changed by those before it.
    pub payload: Arc<Value>,
}

/// A handler's judgement.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Verdict {
    /// Go on as it is.
    #[default]
    Proceed,
    /// The whole new payload.
    Replace(Value),
    /// Stop, with a reason that people and models can read.
    Cancel(String),
}

/// What a handler answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HookOutcome {
    /// Its judgement.
    pub verdict: Verdict,
    /// What it wants done besides; one that can't be read says why, and is refused.
    pub actions: Vec<Result<Action, Refusal>>,
}

/// A handler's failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct HookError {
    /// Stable and machine-readable: the plugin's own, or a kind of [`portcullis_host_core::ErrorKind`].
    pub code: String,
    /// For people.
    pub message: String,
}

/// Something that is run at a point.
#[async_trait]
pub trait HookHandler: Send + Sync {
    /// Handles one event. Dropping the future ends it.
    ///
    /// # Errors
    /// Its own. A gate's error is a cancellation.
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError>;
}
