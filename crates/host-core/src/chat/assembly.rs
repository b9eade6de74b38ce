//! An answer put together from its pieces.

use portcullis_contract::chat::{Delta, Extension, Part, REASONING, ToolUse};

/// The parts of an answer so far, in the order in which each began. Texts that follow each other are one part.
#[derive(Debug, Default)]
pub struct Assembly {
    parts: Vec<Part>,
    /// Where the tool uses are among the parts, by their index in the answer.
    tools: Vec<(u32, usize)>,
}

impl Assembly {
    /// Adds a piece.
    pub fn add(&mut self, delta: Delta) {
        match delta {
            Delta::Text(more) => match self.parts.last_mut() {
                Some(Part::Text(text)) => text.push_str(&more),
                _ => self.parts.push(Part::Text(more)),
            },
            Delta::Reasoning(more) => match self.parts.last_mut() {
                Some(Part::Other(other)) if other.kind == REASONING => {
                    other.payload.push_str(&more)
                }
                _ => self.parts.push(Part::Other(Extension {
                    kind: REASONING.to_owned(),
                    payload: more,
                })),
            },
            Delta::ToolUse(piece) => {
                let known = self.tools.iter().find(|(index, _)| *index == piece.index);
                let at = known.map_or(self.parts.len(), |(_, at)| *at);
                if at == self.parts.len() {
                    self.tools.push((piece.index, at));
                    self.parts.push(Part::ToolUse(ToolUse::default()));
                }
                if let Some(Part::ToolUse(tool)) = self.parts.get_mut(at) {
                    tool.id.push_str(piece.id.as_deref().unwrap_or_default());
                    tool.name
                        .push_str(piece.name.as_deref().unwrap_or_default());
                    tool.arguments.push_str(&piece.arguments);
                }
            }
            Delta::Other(other) => self.parts.push(Part::Other(other)),
        }
    }

    /// The parts.
    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use portcullis_contract::chat::ToolUseDelta;

    use super::*;

    fn piece(index: u32, id: Option<&str>, arguments: &str) -> Delta {
        Delta::ToolUse(ToolUseDelta {
            index,
            id: id.map(str::to_owned),
            name: id.map(|id| format!("tool_{id}")),
            arguments: arguments.to_owned(),
        })
    }

    #[test]
    fn tool_uses_that_come_in_pieces_and_by_turns_are_put_together() {
        let mut whole = Assembly::default();
        for delta in [
            Delta::Text("a".into()),
            Delta::Text("b".into()),
            piece(0, Some("x"), "{\"n\""),
            piece(1, Some("y"), "{}"),
            piece(0, None, ":1}"),
        ] {
            whole.add(delta);
        }
        let parts = whole.into_parts();
        assert_eq!(parts[0], Part::Text("ab".into()));
        let Part::ToolUse(first) = &parts[1] else {
            panic!("{parts:?}")
        };
        assert_eq!((&*first.name, &*first.arguments), ("tool_x", "{\"n\":1}"));
        assert_eq!(parts.len(), 3);
    }
}
