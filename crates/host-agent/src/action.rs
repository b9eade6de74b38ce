//! Actions: what hooks ask the agent to do, checked and carried out, or refused with a reason.

use async_trait::async_trait;
pub use portcullis_contract::{Action, ActionError};
use portcullis_host_policy::capability::{ActionRule, Capability, Glob};

use crate::hook::{Author, shown};
use crate::nearest::hint;

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

/// An action that a handler asked for and that was refused before the agent saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedAction {
    /// Who asked.
    pub author: Author,
    /// The handler's name.
    pub hook: String,
    /// What for; none where it can't be read.
    pub action: Option<Action>,
    /// Why not.
    pub refusal: Refusal,
}

/// The grant that an action takes, none where no grant is for this kind. A target that no grant could name – an empty one, or one
/// with characters that names don't have – takes the grant for every target.
pub fn grant_for(kind: &str, target: Option<&str>) -> Option<Capability> {
    let every = format!("action:{kind}").parse().ok()?;
    Some(match (every, target.map(Glob::exact)) {
        (Capability::Action(rule), Some(Ok(exact))) => Capability::Action(ActionRule {
            target: Some(exact),
            ..rule
        }),
        (every, _) => every,
    })
}

/// Carries actions out, one after another, and says of each what came of it. A refusal goes to the log too, where the plugin's
/// author can find it. Dropping the future leaves those that were not begun undone.
pub async fn apply_all(
    host: &dyn ActionHost,
    intents: Vec<Intent>,
) -> Vec<(Intent, Result<(), Refusal>)> {
    let mut results = Vec::with_capacity(intents.len());
    for intent in intents {
        let result = host.apply(&intent).await;
        if let Err(refusal) = &result {
            log_refusal(&intent.author, Some(intent.action.kind()), refusal);
        }
        results.push((intent, result));
    }
    results
}

/// Tells the log why an action was refused.
pub(crate) fn log_refusal(author: &Author, kind: Option<&str>, refusal: &Refusal) {
    let kind = kind.unwrap_or("unreadable");
    tracing::warn!(plugin = %author, kind, reason = shown(&refusal.to_string()), "action refused");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use portcullis_contract::hook::POINTS;
    use portcullis_host_policy::capability::{ACTION_KINDS, HOOK_POINTS};

    use super::*;

    /// Carries out everything but a change of role.
    #[derive(Default)]
    struct Roleless(Mutex<Vec<Action>>);

    #[async_trait]
    impl ActionHost for Roleless {
        async fn apply(&self, intent: &Intent) -> Result<(), Refusal> {
            if let Action::SwitchRole { role } = &intent.action {
                return Err(Refusal::Unknown {
                    what: "role",
                    name: role.clone(),
                    nearest: Some("org.example.designer/critic".to_owned()),
                });
            }
            self.0.lock().unwrap().push(intent.action.clone());
            Ok(())
        }
    }

    fn intent(action: Action) -> Intent {
        Intent {
            author: Author::Native,
            action,
        }
    }

    #[tokio::test]
    async fn a_refused_action_says_why_and_does_not_hold_up_the_next() {
        let host = Roleless::default();
        let status = Action::SetUiStatus { text: "on".into() };
        let role = Action::SwitchRole {
            role: "org.example.designer/critc".into(),
        };
        let results = apply_all(&host, vec![intent(role), intent(status.clone())]).await;
        let refusal = results[0].1.as_ref().unwrap_err().to_string();
        assert!(
            refusal.contains("did you mean \"org.example.designer/critic\"?"),
            "{refusal}"
        );
        assert_eq!(results[1], (intent(status.clone()), Ok(())));
        assert_eq!(*host.0.lock().unwrap(), [status]);
    }

    #[test]
    fn an_action_takes_the_grant_for_its_target() {
        let grant = |kind, target| grant_for(kind, target).map(|grant| grant.to_string());
        assert_eq!(
            grant("switch-model", Some("gpt-4o")).as_deref(),
            Some("action:switch-model:gpt-4o")
        );
        assert_eq!(
            grant("stop-after-turn", None).as_deref(),
            Some("action:stop-after-turn")
        );
        assert_eq!(grant("format-disk", None), None);
    }

    #[test]
    fn every_kind_of_action_can_be_granted() {
        for kind in Action::KINDS {
            assert!(grant_for(kind, None).is_some(), "{kind}");
        }
    }

    #[test]
    fn a_target_that_no_grant_can_name_takes_the_grant_for_all() {
        for target in ["", "*", "gpt-*", "modèle", "two words", &"x".repeat(129)] {
            let grant = grant_for("switch-model", Some(target)).unwrap();
            assert_eq!(grant.to_string(), "action:switch-model", "{target}");
        }
    }

    #[test]
    fn what_can_be_granted_is_what_the_contract_publishes() {
        assert_eq!(Action::KINDS, ACTION_KINDS);
        let mut points: Vec<_> = POINTS.iter().map(|point| point.name).collect();
        let mut granted = HOOK_POINTS.to_vec();
        points.sort_unstable();
        granted.sort_unstable();
        assert_eq!(points, granted);
    }
}
