//! A conversation, and what is played in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use portcullis_host_agent::contract::chat::{Message, Part, ToolResultPart};
use portcullis_host_agent::tool::QualifiedName;

/// A conversation with one person.
#[derive(Debug)]
pub struct Session {
    /// Names it in hooks, approvals and plugins' sessions.
    pub id: String,
    /// What was said, without the system prompt. Whole turns only: a run that is given up leaves nothing half said.
    pub messages: Vec<Message>,
    /// What comes before the conversation: what `session-start` hooks recalled.
    pub context: Vec<String>,
    /// How many turns it had.
    pub turns: u32,
    /// What actions changed.
    pub play: Play,
}

/// What is played: the part of a session that actions change. Each change is whole before the lock is given back.
#[derive(Debug)]
pub struct Play(Mutex<Playing>);

/// See [`Play`].
#[derive(Clone, Debug, Default)]
pub struct Playing {
    /// The role, `PLUGIN/ROLE`.
    pub role: Option<String>,
    /// The model.
    pub model: String,
    /// The system prompt.
    pub prompt: String,
    /// How much the model is to reason, in its provider's words: the role's.
    pub thinking_level: Option<String>,
    /// The tools of the role; none means all that there are.
    pub tools: Option<Vec<QualifiedName>>,
    /// The tools that actions left, whatever role is played; none means all.
    pub left: Option<Vec<QualifiedName>>,
    /// Messages that plugins put in, each marked with its plugin.
    pub injected: Vec<Message>,
    /// Why the run is to stop after this turn.
    pub stop: Option<String>,
}

impl Play {
    /// Looks at it, or changes it.
    pub fn lock(&self) -> MutexGuard<'_, Playing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// A conversation that begins.
    pub fn new(id: &str, model: &str, prompt: &str) -> Self {
        Self {
            id: id.to_owned(),
            messages: Vec::new(),
            context: Vec::new(),
            turns: 0,
            play: Play(Mutex::new(Playing {
                model: model.to_owned(),
                prompt: prompt.to_owned(),
                ..Playing::default()
            })),
        }
    }
}

impl Playing {
    /// Whether a tool may be used now.
    pub fn allows(&self, tool: &QualifiedName) -> bool {
        let among =
            |tools: &Option<Vec<_>>| tools.as_ref().is_none_or(|tools| tools.contains(tool));
        among(&self.tools) && among(&self.left)
    }
}

/// About how many tokens messages are: four bytes each, which is near enough to decide when to sum up.
pub fn tokens(messages: &[Message]) -> u64 {
    let bytes = messages.iter().flat_map(|message| &message.parts);
    let bytes = bytes.map(|part| match part {
        Part::Text(text) => text.len(),
        Part::ToolUse(tool) => tool.name.len() + tool.arguments.len(),
        Part::ToolResult(result) => result.content.iter().map(result_bytes).sum(),
        Part::Media(_) => PICTURE_BYTES,
        Part::Other(other) => other.payload.len(),
    });
    bytes.sum::<usize>() as u64 / 4
}

/// A picture is some thousand tokens, whatever its bytes.
const PICTURE_BYTES: usize = 4_000;

fn result_bytes(part: &ToolResultPart) -> usize {
    match part {
        ToolResultPart::Text(text) => text.len(),
        ToolResultPart::Media(_) => PICTURE_BYTES,
        ToolResultPart::Other(other) => other.payload.len(),
    }
}

/// A message as a model reads it: what a plugin put in says so in words too.
pub fn for_model(message: &Message) -> Message {
    let Some(plugin) = message.provenance() else {
        return message.clone();
    };
    let note = format!("[This was put in by the plugin {plugin}, not by the user.]");
    let mut marked = message.clone();
    marked.parts.insert(0, Part::Text(note));
    marked
}
