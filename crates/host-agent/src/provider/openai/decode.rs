//! The events of a streamed answer.

use portcullis_contract::chat::{ChatError, Delta, Extension, Finish, ToolUseDelta, Usage, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal;
use crate::provider::ChatEvent;

/// Puts events of the wire into those of an answer. How the answer ended is said in one event and what it took in a later one,
/// so the end is told when both are known.
#[derive(Default)]
pub(super) struct Decoder {
    reason: Option<String>,
    usage: Option<Usage>,
    refusal: String,
    done: bool,
}

impl Decoder {
    /// What one event's data says.
    ///
    /// # Errors
    /// The server's own, and [`codes::BROKEN`] where it can't be read.
    pub(super) fn take(&mut self, data: &str) -> Result<Vec<ChatEvent>, ChatError> {
        let data = data.trim();
        if data.is_empty() {
            return Ok(Vec::new());
        }
        if data == "[DONE]" {
            return Ok(self.end());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            ChatError::new(
                codes::BROKEN,
                format!("an event of the answer can't be read: {error}"),
            )
        })?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(refusal::of_event(&error));
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        let mut events = Vec::new();
        for choice in chunk.choices {
            if choice.finish_reason.is_some() {
                self.reason = choice.finish_reason;
            }
            if let Some(delta) = choice.delta {
                self.read(delta, &mut events);
            }
        }
        Ok(events)
    }

    fn read(&mut self, delta: WireDelta, events: &mut Vec<ChatEvent>) {
        let mut say = |delta| events.push(ChatEvent::Delta(delta));
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(text) = some(delta.reasoning_content).or(some(delta.reasoning)) {
            say(Delta::Reasoning(text));
        }
        if let Some(text) = some(delta.content) {
            say(Delta::Text(text));
        }
        for (position, piece) in (0..).zip(delta.tool_calls.unwrap_or_default()) {
            let function = piece.function.unwrap_or_default();
            say(Delta::ToolUse(ToolUseDelta {
                index: piece.index.unwrap_or(position),
                id: piece.id,
                name: function.name,
                arguments: function.arguments.unwrap_or_default(),
            }));
        }
        self.refusal.push_str(&delta.refusal.unwrap_or_default());
    }

    /// What there is to say when nothing more comes: nothing, where the answer did not say how it ended.
    pub(super) fn end(&mut self) -> Vec<ChatEvent> {
        self.done = true;
        let mut events = Vec::new();
        let Some(reason) = self.reason.take() else {
            return events;
        };
        if !self.refusal.is_empty() {
            events.push(ChatEvent::Delta(Delta::Other(Extension {
                kind: "refusal".to_owned(),
                payload: json!({ "text": self.refusal }).to_string(),
            })));
        }
        events.push(ChatEvent::Finish(Finish {
            reason: match reason.as_str() {
                "tool_calls" | "function_call" => "tool-use".to_owned(),
                "content_filter" => "content-filter".to_owned(),
                _ => reason,
            },
            usage: self.usage.take(),
            extra: None,
        }));
        events
    }

    /// Whether the end was told.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<WireDelta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct WireDelta {
    content: Option<String>,
    refusal: Option<String>,
    /// DeepSeek's, vLLM's and others'.
    reasoning_content: Option<String>,
    /// OpenRouter's, Ollama's and others'.
    reasoning: Option<String>,
    tool_calls: Option<Vec<WireToolUse>>,
}

#[derive(Deserialize)]
struct WireToolUse {
    index: Option<u32>,
    id: Option<String>,
    function: Option<WireFunction>,
}

#[derive(Default, Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let cached = usage
            .prompt_tokens_details
            .and_then(|details| details.cached_tokens);
        let reasoning = usage
            .completion_tokens_details
            .and_then(|details| details.reasoning_tokens);
        let details = [("cache-read", cached), ("reasoning", reasoning)];
        let known = details
            .into_iter()
            .filter_map(|(name, tokens)| Some((name.to_owned(), tokens?)));
        Self {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            details: known.collect(),
        }
    }
}
