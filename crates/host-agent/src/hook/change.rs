//! What may become of a payload: field by field, by the rules of its point.

use portcullis_contract::chat::{Message, PROVENANCE, Part, ToolUse};
use portcullis_host_policy::capability::Capability;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::table::Entry;
use super::{Author, Change, Point};
use crate::action::grant_for;

/// Why a new payload can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("a payload is a JSON object")]
    NotAnObject,
    #[error("to change a payload takes `{0}`, which was not granted")]
    Modify(Capability),
    #[error("{field:?} is content, and to write it takes `{needs}`: leave it out")]
    Withheld { field: String, needs: Capability },
    #[error("it does not fit the schema: {0}")]
    Schema(String),
    #[error("{field:?} can't be changed; what can be: {}", list(.changes))]
    Fixed {
        field: String,
        changes: &'static [(&'static str, Change)],
    },
    #[error("to change {field:?} like this takes `{needs}`, which was not granted")]
    NotGranted { field: String, needs: String },
    #[error("{field:?} can't be changed like this: {rule}")]
    Rule { field: String, rule: &'static str },
}

fn list(changes: &[(&str, Change)]) -> String {
    match changes {
        [] => "nothing".to_owned(),
        changes => changes
            .iter()
            .map(|(field, _)| *field)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Puts content that a handler did not see back into what it answered.
pub(super) fn restore(
    point: &Point,
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
    needs: &Capability,
) -> Result<(), Misfit> {
    for field in point.content {
        if after.contains_key(*field) {
            return Err(Misfit::Withheld {
                field: (*field).to_owned(),
                needs: needs.clone(),
            });
        }
        if let Some(value) = before.get(*field) {
            after.insert((*field).to_owned(), value.clone());
        }
    }
    Ok(())
}

/// Judges what `entry` made of `before`. What it appended carries its author's id then.
pub(super) fn apply(
    entry: &Entry,
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
) -> Result<(), Misfit> {
    let changes = entry.subscription.point.changes;
    // A field that may be null may be left out, and means the same.
    for field in before.keys() {
        after.entry(field.as_str()).or_insert(Value::Null);
    }
    for (field, value) in after {
        let was = before.get(field);
        if was == Some(&*value) {
            continue;
        }
        let change = changes.iter().find(|(name, _)| name == field);
        let (Some((_, change)), Some(was)) = (change, was) else {
            let field = field.clone();
            return Err(Misfit::Fixed { field, changes });
        };
        let rule = FieldRule { entry, field };
        match change {
            Change::Free => {}
            Change::Model => rule.takes("switch-model", value.as_str())?,
            Change::SystemPrompt => rule.takes("set-system-prompt", None)?,
            Change::FewerTools => rule.fewer_tools(was, value)?,
            Change::Stop => rule.stop(value)?,
            Change::Messages => *value = rule.messages(was, value)?,
        }
    }
    Ok(())
}

/// One field of one handler's answer.
struct FieldRule<'a> {
    entry: &'a Entry,
    field: &'a str,
}

impl FieldRule<'_> {
    fn broken(&self, rule: &'static str) -> Misfit {
        Misfit::Rule {
            field: self.field.to_owned(),
            rule,
        }
    }

    fn keep(&self, kept: bool, rule: &'static str) -> Result<(), Misfit> {
        if kept { Ok(()) } else { Err(self.broken(rule)) }
    }

    /// Wants the grant for an action.
    fn takes(&self, kind: &str, target: Option<&str>) -> Result<(), Misfit> {
        let needs = grant_for(kind, target);
        if needs
            .as_ref()
            .is_some_and(|needs| self.entry.permits(needs))
        {
            return Ok(());
        }
        Err(Misfit::NotGranted {
            field: self.field.to_owned(),
            needs: needs.map_or_else(|| format!("action:{kind}"), |needs| needs.to_string()),
        })
    }

    fn fewer_tools(&self, before: &Value, after: &Value) -> Result<(), Misfit> {
        self.takes("set-active-tools", None)?;
        let items = |value| {
            Value::as_array(value)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let mut left = items(before).iter();
        let fewer = items(after)
            .iter()
            .all(|tool| left.any(|known| known == tool));
        self.keep(
            fewer,
            "tools can be taken out; none can be put in or change its place",
        )
    }

    fn stop(&self, after: &Value) -> Result<(), Misfit> {
        self.takes("stop-after-turn", None)?;
        self.keep(
            after == &Value::Bool(true),
            "a run can be stopped; none that stops can be kept going",
        )
    }

    fn messages(&self, before: &Value, after: &Value) -> Result<Value, Misfit> {
        let read = |value| {
            Vec::<Message>::deserialize(value).map_err(|_| self.broken("these are no messages"))
        };
        let (before, mut after) = (read(before)?, read(after)?);
        self.keep(before.len() <= after.len(), "no message can be taken out")?;
        for (was, is) in before.iter().zip(&after) {
            self.edited(was, is)?;
        }
        if before.len() < after.len() {
            self.takes("inject-user-message", None)?;
        }
        for message in &mut after[before.len()..] {
            let text = |part: &Part| matches!(part, Part::Text(_));
            self.keep(
                message.role == "user" && message.parts.iter().all(text),
                "a message that is put in has the role user, and text alone",
            )?;
            if let Author::Plugin(id) = &self.entry.subscription.author {
                *message = std::mem::take(message).from_plugin(id.as_str());
            }
        }
        serde_json::to_value(after).map_err(|_| self.broken("these are no messages"))
    }

    /// A message in its place.
    fn edited(&self, was: &Message, is: &Message) -> Result<(), Misfit> {
        if was == is {
            return Ok(());
        }
        // It is the system prompt by another name.
        if was.role == "system" {
            self.takes("set-system-prompt", None)?;
        }
        self.keep(was.role == is.role, "a message keeps its role and place")?;
        self.keep(
            Fixed::of(was) == Fixed::of(is),
            "a message keeps its tool uses, which results it has, whether they failed, and who put it in",
        )
    }
}

/// What of a message is nobody's to change.
#[derive(PartialEq)]
enum Fixed<'a> {
    ToolUse(&'a ToolUse),
    ToolResult { id: &'a str, is_error: bool },
    Provenance(&'a str),
}

impl<'a> Fixed<'a> {
    fn of(message: &'a Message) -> Vec<Self> {
        let fixed = message.parts.iter().filter_map(|part| match part {
            Part::ToolUse(tool_use) => Some(Self::ToolUse(tool_use)),
            Part::ToolResult(result) => Some(Self::ToolResult {
                id: &result.tool_use_id,
                is_error: result.is_error,
            }),
            Part::Other(other) if other.kind == PROVENANCE => {
                Some(Self::Provenance(&other.payload))
            }
            Part::Text(_) | Part::Media(_) | Part::Other(_) => None,
        });
        fixed.collect()
    }
}
