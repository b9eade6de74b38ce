//! Actions: what hooks ask the agent to do, checked and carried out, or refused with a reason.

use async_trait::async_trait;
pub use portcullis_contract::{Action, ActionError};

use crate::hook::Author;

/// Why an action was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] ActionError),
    /// Its author was not granted it.
    #[error("not granted: it takes `{0}`")]
    NotGranted(String),
    /// What it names is not there.
    #[error("{what} {name:?} is not there{}", hint(.nearest.as_deref()))]
    Unknown {
        /// `role`, `model`, `tool`.
        what: &'static str,
        /// What was named.
        name: String,
        /// What it may have meant.
        nearest: Option<String>,
    },
    /// What it names is there, and not for its author to use.
    #[error("{0}")]
    NotAllowed(String),
    /// The agent does not do this now, or not at all.
    #[error("the agent does not do this: {0}")]
    Unsupported(String),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// An action that somebody asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// Who did.
    pub author: Author,
    /// What for.
    pub action: Action,
}

/// The agent, as far as actions change it. Grants are checked before; what is named – a role, a model, a tool – is the agent's to
/// check. Either all of an action is applied, or nothing.
#[async_trait]
pub trait ActionHost: Send + Sync {
    /// Carries an action out.
    ///
    /// # Errors
    /// Why not.
    async fn apply(&self, intent: &Intent) -> Result<(), Refusal>;
}
