//! What a hook may ask its agent to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An intent: the host checks it against the plugin's grants and then carries it out, or refuses it with a reason.
///
/// In the contract an action is a kind and a payload, both text; [`Action::to_wire`] and [`Action::from_wire`] translate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    content = "payload",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub enum Action {
    /// Plays a role from the next turn on. Needs `action:switch-role`, or `action:switch-role:ROLE`.
    SwitchRole {
        /// Its qualified name, `PLUGIN/ROLE`.
        role: String,
    },
    /// Asks another model from the next turn on. Needs `action:switch-model`, or `action:switch-model:MODEL`.
    SwitchModel {
        /// The model's id, as the agent's providers know it.
        model: String,
    },
    /// Replaces the system prompt from the next turn on.
    SetSystemPrompt {
        /// The new prompt.
        prompt: String,
    },
    /// Leaves the model no tools but these. Tools can only be taken away.
    SetActiveTools {
        /// Qualified names, `PLUGIN/TOOL`.
        tools: Vec<String>,
    },
    /// Puts a message into the conversation, in the place of a user's. It carries the plugin's id, and answers no question that
    /// was asked of a person.
    InjectUserMessage {
        /// What it says.
        text: String,
    },
    /// Ends the agent's run after this turn.
    StopAfterTurn {
        /// Why, for people.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Hands something to the agent's own program.
    EmitCustom {
        /// What it is called; `action:emit-custom:NAME` grants it alone.
        name: String,
        /// Any JSON.
        #[serde(default)]
        data: Value,
    },
    /// Shows a line above the conversation.
    SetUiHeader {
        /// The line; an empty one goes away.
        text: String,
    },
    /// Shows a line beside the conversation.
    SetUiStatus {
        /// The line; an empty one goes away.
        text: String,
    },
}

/// Why an action can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// No action is called so.
    #[error("there is no action {kind:?}; the kinds are {}", Action::KINDS.join(", "))]
    UnknownKind {
        /// What it was called.
        kind: String,
    },
    /// The payload is not what the kind takes.
    #[error("the payload of {kind:?} does not fit its schema: {problem}")]
    Payload {
        /// The kind.
        kind: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Action {
    /// The kinds, as the contract publishes them.
    pub const KINDS: &'static [&'static str] = &[
        "switch-role",
        "switch-model",
        "set-system-prompt",
        "set-active-tools",
        "inject-user-message",
        "stop-after-turn",
        "emit-custom",
        "set-ui-header",
        "set-ui-status",
    ];

    /// Its kind, one of [`Action::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SwitchRole { .. } => "switch-role",
            Self::SwitchModel { .. } => "switch-model",
            Self::SetSystemPrompt { .. } => "set-system-prompt",
            Self::SetActiveTools { .. } => "set-active-tools",
            Self::InjectUserMessage { .. } => "inject-user-message",
            Self::StopAfterTurn { .. } => "stop-after-turn",
            Self::EmitCustom { .. } => "emit-custom",
            Self::SetUiHeader { .. } => "set-ui-header",
            Self::SetUiStatus { .. } => "set-ui-status",
        }
    }

    /// What it is done to, where a grant can be for that alone: a role, a model, a name.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::SwitchRole { role } => Some(role),
            Self::SwitchModel { model } => Some(model),
            Self::EmitCustom { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Kind and payload, as the contract has them.
    pub fn to_wire(&self) -> (String, String) {
        // Strings for keys, and values that came from JSON: there is nothing that could fail.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let payload = value
            .get_mut("payload")
            .map(Value::take)
            .unwrap_or_default();
        (self.kind().to_owned(), payload.to_string())
    }

    /// Reads a kind and its payload.
    ///
    /// # Errors
    /// Where there is no such kind, or the payload is not what it takes.
    pub fn from_wire(kind: &str, payload: &str) -> Result<Self, ActionError> {
        if !Self::KINDS.contains(&kind) {
            return Err(ActionError::UnknownKind {
                kind: kind.to_owned(),
            });
        }
        let wrong = |error: serde_json::Error| ActionError::Payload {
            kind: kind.to_owned(),
            problem: error.to_string(),
        };
        let payload: Value = serde_json::from_str(payload).map_err(wrong)?;
        serde_json::from_value(json!({ "kind": kind, "payload": payload })).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_goes_over_the_wire_and_comes_back() {
        let text = || "x".to_owned();
        let all = [
            Action::SwitchRole { role: text() },
            Action::SwitchModel { model: text() },
            Action::SetSystemPrompt { prompt: text() },
            Action::SetActiveTools {
                tools: vec![text()],
            },
            Action::InjectUserMessage { text: text() },
            Action::StopAfterTurn { reason: None },
            Action::EmitCustom {
                name: text(),
                data: json!([1]),
            },
            Action::SetUiHeader { text: text() },
            Action::SetUiStatus { text: text() },
        ];
        let kinds: Vec<_> = all.iter().map(Action::kind).collect();
        assert_eq!(kinds, Action::KINDS);
        for action in all {
            let (kind, payload) = action.to_wire();
            assert_eq!(Action::from_wire(&kind, &payload), Ok(action));
        }
    }

    #[test]
    fn what_is_no_action_is_told_apart() {
        let unknown = Action::from_wire("format-disk", "{}").unwrap_err();
        assert!(unknown.to_string().contains("switch-role"), "{unknown}");
        for payload in [
            "",
            "{}",
            r#"{"role": 1}"#,
            r#"{"role": "a/b", "force": true}"#,
        ] {
            let wrong = Action::from_wire("switch-role", payload).unwrap_err();
            assert!(matches!(wrong, ActionError::Payload { .. }), "{payload}");
        }
    }
}
