//! Hooks: the points of an agent's life, what is told at each, and what a handler may do about it.
//!
//! | mode | may |
//! | --- | --- |
//! | [`Observe`](Mode::Observe) | watch |
//! | [`Modify`](Mode::Modify) | give another payload |
//! | [`Gate`](Mode::Gate) | give another payload, or stop what is about to happen |
//!
//! A payload has *metadata*, which a handler sees that was granted `hook:POINT`, and *content*, for which it needs
//! `hook-content:POINT`: without it these fields are left out. To change anything it needs `hook-modify:POINT`, to stop
//! something `hook-gate:POINT`, and for some fields an action's grant besides: [`Change`].

mod payload;
mod point;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use payload::*;
use point::points;

/// What a handler may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Only watch.
    Observe,
    /// Change the payload.
    Modify,
    /// Change the payload, or stop what is about to happen.
    Gate,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "observe",
            Self::Modify => "modify",
            Self::Gate => "gate",
        })
    }
}

/// In which order handlers of a point run: all of a phase before all of the next.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Whether it is well formed.
    Validation,
    /// Whether it may be.
    Authorization,
    /// Whether it should be, and how.
    #[default]
    Policy,
    /// Who wants to know.
    Telemetry,
}

/// A word that is no phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no phase; a phase is validation, authorization, policy or telemetry")]
pub struct PhaseError(String);

impl FromStr for Phase {
    type Err = PhaseError;

    fn from_str(text: &str) -> Result<Self, PhaseError> {
        Ok(match text {
            "validation" => Self::Validation,
            "authorization" => Self::Authorization,
            "policy" => Self::Policy,
            "telemetry" => Self::Telemetry,
            _ => return Err(PhaseError(text.to_owned())),
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validation => "validation",
            Self::Authorization => "authorization",
            Self::Policy => "policy",
            Self::Telemetry => "telemetry",
        })
    }
}

/// What is told at one point.
pub trait Payload:
    Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static
{
    /// The same without content: what a handler gets that was granted no `hook-content:POINT`.
    type Metadata: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static;

    /// The point's name.
    const POINT: &'static str;
}

/// What is known of a point.
#[derive(Debug)]
pub struct Point {
    /// Its name, such as `before-tool-call`.
    pub name: &'static str,
    /// When it is reached.
    pub description: &'static str,
    /// The fields of its payload that are content; all others are metadata.
    pub content: &'static [&'static str],
    /// The fields that may be changed, and how. A point without any takes no handler that modifies.
    pub changes: &'static [(&'static str, Change)],
    /// What comes of a gate's cancellation. A point without takes no gate.
    pub cancel: Option<&'static str>,
    /// JSON Schema 2020-12 of its payload.
    pub schema: fn() -> Value,
}

impl Point {
    /// The point called `name`.
    pub fn named(name: &str) -> Option<&'static Point> {
        POINTS.iter().find(|point| point.name == name)
    }

    /// Whether handlers of this mode make sense here.
    pub fn takes(&self, mode: Mode) -> bool {
        match mode {
            Mode::Observe => true,
            Mode::Modify => !self.changes.is_empty(),
            Mode::Gate => self.cancel.is_some(),
        }
    }
}

/// How a field may be changed, and the grant that it takes besides `hook-modify:POINT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In any way that fits the schema.
    Free,
    /// To a model for which `action:switch-model` is granted.
    Model,
    /// In any way; needs `action:set-system-prompt`.
    SystemPrompt,
    /// Names may be taken out; needs `action:set-active-tools`. None can be put in.
    FewerTools,
    /// Each message may be changed in its place, but for its role, its tool uses, and whether a tool's result is an error; to change
    /// one with the role `system` takes `action:set-system-prompt`. Messages that are put in at the end need
    /// `action:inject-user-message`, have the role `user`, and carry the plugin's id from then on.
    Messages,
    /// From false to true; needs `action:stop-after-turn`.
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_is_described_and_its_fields_are_there() {
        for point in POINTS {
            let schema = (point.schema)();
            let fields = schema["properties"].as_object().expect(point.name);
            assert!(!point.description.is_empty(), "{}", point.name);
            for field in point
                .content
                .iter()
                .chain(point.changes.iter().map(|(field, _)| field))
            {
                assert!(fields.contains_key(*field), "{} {field}", point.name);
            }
            for (field, definition) in fields {
                assert!(
                    definition["description"].is_string(),
                    "{}: {field} has no description",
                    point.name
                );
            }
            assert!(std::ptr::eq(Point::named(point.name).unwrap(), point));
        }
    }

    #[test]
    fn phases_run_in_their_order_and_have_one_name_each() {
        let phases = [
            Phase::Validation,
            Phase::Authorization,
            Phase::Policy,
            Phase::Telemetry,
        ];
        assert!(phases.is_sorted());
        for phase in phases {
            assert_eq!(phase.to_string().parse(), Ok(phase));
        }
        assert!("Policy".parse::<Phase>().is_err());
    }

    #[test]
    fn content_is_left_out_of_metadata() {
        let call = BeforeToolCall {
            session: "s".into(),
            turn: 1,
            call_id: "c".into(),
            tool: "a/b".into(),
            arguments: serde_json::json!({"secret": 1}),
        };
        let mut value = serde_json::to_value(&call).unwrap();
        for field in Point::named(BeforeToolCall::POINT).unwrap().content {
            value.as_object_mut().unwrap().remove(*field);
        }
        let seen: BeforeToolCallMetadata = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(seen.tool, "a/b");
        // Who wants the whole and gets a part is told, instead of seeing something empty.
        assert!(serde_json::from_value::<BeforeToolCall>(value).is_err());
    }
}
