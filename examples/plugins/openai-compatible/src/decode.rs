//! From the events of an answer to its pieces.

use portcullis_guest_sdk::chat::{ChatError, Delta, Extension, Finish, ToolUseDelta, Usage, codes};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::{self, Value, json};

use crate::refusal;

/// Reads events. How an answer ended is said in one, what it took in a later one.
#[derive(Default)]
pub(crate) struct Decoder {
    reason: Option<String>,
    usage: Option<Usage>,
    refused: String,
    done: bool,
}

impl Decoder {
    /// What one event says.
    ///
    /// # Errors
    /// The server's own; [`codes::BROKEN`] where it can't be read.
    pub(crate) fn take(&mut self, data: &[u8]) -> Result<Vec<Delta>, ChatError> {
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.done = true;
        }
        if self.done || data.is_empty() {
            return Ok(Vec::new());
        }
        let chunk: Chunk = serde_json::from_slice(data).map_err(|error| {
            ChatError::new(
                codes::BROKEN,
                format!("an event of the answer can't be read: {error}"),
            )
        })?;
        if let Some(error) = chunk.error {
            return Err(refusal::of_event(&error));
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        let mut deltas = Vec::new();
        for choice in chunk.choices {
            self.reason = choice.finish_reason.or(self.reason.take());
            if let Some(delta) = choice.delta {
                self.read(delta, &mut deltas);
            }
        }
        Ok(deltas)
    }

    fn read(&mut self, delta: WireDelta, deltas: &mut Vec<Delta>) {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let reasoning = some(delta.reasoning_content).or(some(delta.reasoning));
        deltas.extend(reasoning.map(Delta::Reasoning));
        deltas.extend(some(delta.content).map(Delta::Text));
        for (position, piece) in (0..).zip(delta.tool_calls.unwrap_or_default()) {
            let function = piece.function.unwrap_or_default();
            deltas.push(Delta::ToolUse(ToolUseDelta {
                index: piece.index.unwrap_or(position),
                id: piece.id,
                name: function.name,
                arguments: function.arguments.unwrap_or_default(),
            }));
        }
        self.refused.push_str(&delta.refusal.unwrap_or_default());
    }

    /// Whether the server said that nothing more comes.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The model's words where it did not want to answer.
    pub(crate) fn refusal(&self) -> Option<Delta> {
        let payload = json!({ "text": self.refused }).to_string();
        let refusal = Extension {
            kind: "refusal".to_owned(),
            payload,
        };
        (!self.refused.is_empty()).then_some(Delta::Other(refusal))
    }

    /// How the answer ended.
    ///
    /// # Errors
    /// [`codes::BROKEN`] where the server did not say.
    pub(crate) fn finish(self) -> Result<Finish, ChatError> {
        let Some(reason) = self.reason else {
            let problem = "the answer broke off: it ended without saying how";
            return Err(ChatError::new(codes::BROKEN, problem).retryable(None));
        };
        Ok(Finish {
            reason: match reason.as_str() {
                "tool_calls" | "function_call" => "tool-use".to_owned(),
                "content_filter" => "content-filter".to_owned(),
                _ => reason,
            },
            usage: self.usage,
            extra: None,
        })
    }
}

#[plugin_type]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[plugin_type]
struct Choice {
    delta: Option<WireDelta>,
    finish_reason: Option<String>,
}

#[plugin_type]
struct WireDelta {
    content: Option<String>,
    refusal: Option<String>,
    /// DeepSeek's, vLLM's and others'.
    reasoning_content: Option<String>,
    /// OpenRouter's, Ollama's and others'.
    reasoning: Option<String>,
    tool_calls: Option<Vec<WireToolUse>>,
}

#[plugin_type]
struct WireToolUse {
    index: Option<u32>,
    id: Option<String>,
    function: Option<WireFunction>,
}

#[plugin_type]
#[derive(Default)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<String>,
}

#[plugin_type]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[plugin_type]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[plugin_type]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        let prompt = usage.prompt_tokens_details;
        let cached = prompt.and_then(|details| details.cached_tokens);
        let completion = usage.completion_tokens_details;
        let reasoning = completion.and_then(|details| details.reasoning_tokens);
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
