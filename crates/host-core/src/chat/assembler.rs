//! An answer's pieces, put together.

use std::collections::BTreeMap;

use portcullis_contract::chat::{
    ChatError, Delta, Extension, Message, PROVENANCE, Part, REASONING, ToolUse, ToolUseDelta, codes,
};
use serde_json::{Map, Value, json};

use super::delta_size;

/// The longest answer, in bytes: several times what the longest-winded model writes, and little enough to keep in memory.
pub const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// The most tools that one answer may use: models ask for a few at once; a thousand calls are a mistake or an attack.
pub const MAX_TOOL_USES: usize = 128;

/// Puts an answer's pieces together: what the model thought, its text, its tool uses by their index, and everything else.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    reasoning: String,
    text: String,
    tool_uses: BTreeMap<u32, ToolUse>,
    others: Vec<Extension>,
    bytes: u64,
}

impl Assembler {
    /// Takes the next piece.
    ///
    /// # Errors
    /// [`codes::BROKEN`]: more than [`MAX_ANSWER_BYTES`] or [`MAX_TOOL_USES`], or a tool use that begins without an id and a
    /// name or changes them.
    pub fn push(&mut self, delta: Delta) -> Result<(), ChatError> {
        self.bytes = self.bytes.saturating_add(delta_size(&delta));
        if self.bytes > MAX_ANSWER_BYTES {
            return Err(broken(format!(
                "the answer is longer than {MAX_ANSWER_BYTES} bytes"
            )));
        }
        match delta {
            Delta::Text(text) => self.text.push_str(&text),
            Delta::Reasoning(text) => self.reasoning.push_str(&text),
            Delta::ToolUse(piece) => self.push_tool_use(piece)?,
            // Who put a message in is the host's to say.
            Delta::Other(other) if other.kind == PROVENANCE => {}
            Delta::Other(other) => self.others.push(other),
        }
        Ok(())
    }

    fn push_tool_use(&mut self, piece: ToolUseDelta) -> Result<(), ChatError> {
        // Some providers repeat an empty id and name with every piece.
        let id = piece.id.filter(|id| !id.is_empty());
        let name = piece.name.filter(|name| !name.is_empty());
        if let Some(begun) = self.tool_uses.get_mut(&piece.index) {
            let changes = |old: &str, new: Option<String>| new.is_some_and(|new| new != old);
            if changes(&begun.id, id) || changes(&begun.name, name) {
                let index = piece.index;
                let problem = format!(
                    "tool use {index} of {:?} changes its id or name",
                    begun.name
                );
                return Err(broken(problem));
            }
            begun.arguments.push_str(&piece.arguments);
            return Ok(());
        }
        if self.tool_uses.len() == MAX_TOOL_USES {
            return Err(broken(format!(
                "the answer uses more than {MAX_TOOL_USES} tools"
            )));
        }
        let (Some(id), Some(name)) = (id, name) else {
            let problem = format!("tool use {} begins without an id and a name", piece.index);
            return Err(broken(problem));
        };
        if self.tool_uses.values().any(|other| other.id == id) {
            return Err(broken(format!("two tool uses have the id {id:?}")));
        }
        let arguments = piece.arguments;
        self.tool_uses.insert(
            piece.index,
            ToolUse {
                id,
                name,
                arguments,
            },
        );
        Ok(())
    }

    /// The whole message, of role `assistant`.
    ///
    /// # Errors
    /// [`codes::BROKEN`] with the tool's name, where its arguments are no JSON object. None at all are `{}`.
    pub fn finish(self) -> Result<Message, ChatError> {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(Part::Other(Extension {
                kind: REASONING.to_owned(),
                payload: json!({ "text": self.reasoning }).to_string(),
            }));
        }
        if !self.text.is_empty() {
            parts.push(Part::Text(self.text));
        }
        for tool_use in self.tool_uses.into_values() {
            parts.push(Part::ToolUse(with_arguments(tool_use)?));
        }
        parts.extend(self.others.into_iter().map(Part::Other));
        Ok(Message {
            role: "assistant".to_owned(),
            parts,
        })
    }
}

fn with_arguments(mut tool_use: ToolUse) -> Result<ToolUse, ChatError> {
    if tool_use.arguments.trim().is_empty() {
        tool_use.arguments = "{}".to_owned();
    }
    match serde_json::from_str::<Map<String, Value>>(&tool_use.arguments) {
        Ok(_) => Ok(tool_use),
        Err(error) => {
            let name = tool_use.name;
            let problem =
                format!("the arguments for the tool {name:?} are no JSON object: {error}");
            Err(broken(problem))
        }
    }
}

fn broken(message: String) -> ChatError {
    ChatError::new(codes::BROKEN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: u32, begin: Option<(&str, &str)>, arguments: &str) -> Delta {
        Delta::ToolUse(ToolUseDelta {
            index,
            id: begin.map(|(id, _)| id.to_owned()),
            name: begin.map(|(_, name)| name.to_owned()),
            arguments: arguments.to_owned(),
        })
    }

    fn assembled(deltas: impl IntoIterator<Item = Delta>) -> Result<Message, ChatError> {
        let mut assembler = Assembler::default();
        for delta in deltas {
            assembler.push(delta)?;
        }
        assembler.finish()
    }

    fn problem(deltas: impl IntoIterator<Item = Delta>) -> String {
        let error = assembled(deltas).unwrap_err();
        assert_eq!(error.code, codes::BROKEN);
        error.message
    }

    #[test]
    fn tool_calls_in_pieces_become_whole_in_the_order_of_their_index() {
        let message = assembled([
            piece(1, Some(("b", "second")), ""),
            piece(0, Some(("a", "first")), "{\"x\""),
            piece(1, None, "{}"),
            piece(0, Some(("", "")), ":1}"),
        ]);
        let message = message.unwrap();
        let uses: Vec<_> = message
            .tool_uses()
            .map(|one| (&*one.id, &*one.name, &*one.arguments))
            .collect();
        assert_eq!(uses, [("a", "first", "{\"x\":1}"), ("b", "second", "{}")]);
    }

    #[test]
    fn texts_are_joined_and_thoughts_are_kept_apart() {
        let message = assembled([
            Delta::Reasoning("hm".to_owned()),
            Delta::Text("Hel".to_owned()),
            Delta::Reasoning("m".to_owned()),
            Delta::Text("lo".to_owned()),
        ]);
        let message = message.unwrap();
        assert_eq!(
            (message.role.as_str(), message.text().as_str()),
            ("assistant", "Hello")
        );
        let Part::Other(thought) = &message.parts[0] else {
            panic!("{message:?}")
        };
        assert_eq!(
            (thought.kind.as_str(), thought.payload.as_str()),
            (REASONING, r#"{"text":"hmm"}"#)
        );
    }

    #[test]
    fn a_tool_use_without_arguments_has_none() {
        let message = assembled([piece(0, Some(("a", "clock")), " ")]).unwrap();
        assert_eq!(message.tool_uses().next().unwrap().arguments, "{}");
    }

    #[test]
    fn arguments_that_are_no_object_are_told_with_the_tool() {
        for arguments in ["[1]", "{\"x\":", "7", "{} {}"] {
            let problem = problem([piece(0, Some(("a", "clock")), arguments)]);
            assert!(problem.contains("\"clock\""), "{problem}");
        }
    }

    #[test]
    fn a_tool_use_begins_with_id_and_name_and_keeps_them() {
        assert!(problem([piece(3, None, "{}")]).contains("tool use 3 begins"));
        let renamed = [
            piece(0, Some(("a", "one")), ""),
            piece(0, Some(("a", "two")), "{}"),
        ];
        assert!(problem(renamed).contains("changes its id or name"));
        let twice = [
            piece(0, Some(("a", "one")), ""),
            piece(1, Some(("a", "one")), ""),
        ];
        assert!(problem(twice).contains("have the id \"a\""));
    }

    #[test]
    fn an_answer_has_an_end_in_bytes_and_in_tools() {
        let long = Delta::Text("x".repeat(1024 * 1024));
        assert!(problem(std::iter::repeat_n(long, 17)).contains("longer than"));
        let endless = (0..).map(|index| piece(index, Some((&index.to_string(), "clock")), ""));
        assert!(problem(endless).contains("more than 128 tools"));
    }

    #[test]
    fn a_provider_does_not_say_who_put_a_message_in() {
        let forged = Extension {
            kind: PROVENANCE.to_owned(),
            payload: "org.example.other".to_owned(),
        };
        let kept = Extension {
            kind: "refusal".to_owned(),
            payload: "{}".to_owned(),
        };
        let message = assembled([Delta::Other(forged), Delta::Other(kept.clone())]).unwrap();
        assert_eq!(message.parts, [Part::Other(kept)]);
    }
}
