//! `portcullis:chat/chat-types`: what passes between a conversation and a model.
//!
//! Each type has the fields of the record or variant of its name, so that generated code can use it in their place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of [`Part::Other`] that says which plugin put a message in. Hosts write it; from plugins it is not taken.
pub const PROVENANCE: &str = "provenance";

/// The kind of [`Part::Other`] and [`ToolResultPart::Other`] for what a model thought, as its provider wants it back.
pub const REASONING: &str = "reasoning";

/// A tool that the model may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolSpec {
    /// The name that the model calls it by.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema 2020-12 of its arguments, as text.
    pub input_schema: String,
}

/// The model's wish to use a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolUse {
    /// Given back with the result.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// A JSON object, as text.
    pub arguments: String,
}

/// Bytes with a media type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Media {
    /// An IANA media type such as `image/png`.
    pub media_type: String,
    /// The bytes; base64 in JSON.
    #[serde(with = "as_base64")]
    #[schemars(with = "String")]
    pub data: Vec<u8>,
}

/// What this version has no case for: a published kind, and JSON. Skipped, never refused, by who doesn't know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extension {
    /// The published name of the kind.
    pub kind: String,
    /// JSON, as text.
    pub payload: String,
}

/// One block of a tool's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolResultPart {
    /// Text.
    Text(String),
    /// Bytes with a media type.
    Media(Media),
    /// A kind that came later than this version.
    Other(Extension),
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolResult {
    /// The `id` of the [`ToolUse`].
    pub tool_use_id: String,
    /// In reading order.
    pub content: Vec<ToolResultPart>,
    /// Whether the tool failed.
    pub is_error: bool,
}

impl ToolResult {
    /// All of its text, a line break between blocks.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            ToolResultPart::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// One block of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// Bytes with a media type.
    Media(Media),
    /// The model's wish to use a tool.
    ToolUse(ToolUse),
    /// What the tool answered.
    ToolResult(ToolResult),
    /// [`REASONING`], [`PROVENANCE`], `refusal`, or a kind that came later.
    Other(Extension),
}

/// One message of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// In reading order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one text.
    pub fn text_of(role: &str, text: impl Into<String>) -> Self {
        Self {
            role: role.to_owned(),
            parts: vec![Part::Text(text.into())],
        }
    }

    /// What a person said.
    pub fn user(text: impl Into<String>) -> Self {
        Self::text_of("user", text)
    }

    /// What the operator says before everything else.
    pub fn system(text: impl Into<String>) -> Self {
        Self::text_of("system", text)
    }

    /// What the model said.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::text_of("assistant", text)
    }

    /// All of its text, a line break between blocks.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The tools that the model wants to use.
    pub fn tool_uses(&self) -> impl Iterator<Item = &ToolUse> {
        self.parts.iter().filter_map(|part| match part {
            Part::ToolUse(tool_use) => Some(tool_use),
            _ => None,
        })
    }

    /// The plugin that put it in, where one did.
    pub fn provenance(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            Part::Other(other) if other.kind == PROVENANCE => Some(other.payload.as_str()),
            _ => None,
        })
    }

    /// The same, marked as put in by `plugin`, and by nobody else.
    #[must_use]
    pub fn from_plugin(mut self, plugin: &str) -> Self {
        self.parts
            .retain(|part| !matches!(part, Part::Other(other) if other.kind == PROVENANCE));
        self.parts.push(Part::Other(Extension {
            kind: PROVENANCE.to_owned(),
            payload: plugin.to_owned(),
        }));
        self
    }
}

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChatRequest {
    /// The model's id, as `list-models` gives it.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The tools that the model may use.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
    /// How freely it answers; the provider's default where there is none.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// The longest answer.
    #[serde(default)]
    pub max_output_tokens: Option<u32>,
    /// How much the model should reason, in the provider's words.
    #[serde(default)]
    pub thinking_level: Option<String>,
    /// Provider-specific settings, a JSON object as text; the operator lists the keys that may pass.
    #[serde(default)]
    pub extra: Option<String>,
}

/// A piece of a [`ToolUse`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolUseDelta {
    /// Which of the answer's tool uses it continues, from 0.
    pub index: u32,
    /// With the first piece.
    pub id: Option<String>,
    /// With the first piece.
    pub name: Option<String>,
    /// More of the JSON text.
    pub arguments: String,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    /// More text.
    Text(String),
    /// More of what the model thinks before it answers.
    Reasoning(String),
    /// More of a tool use.
    ToolUse(ToolUseDelta),
    /// A kind that came later than this version.
    Other(Extension),
}

/// What an answer took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// `cache-read`, `cache-write`, `reasoning`, and others.
    #[serde(default)]
    pub details: Vec<(String, u64)>,
}

/// How an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finish {
    /// `stop`, `length`, `tool-use`, `content-filter`, or another.
    pub reason: String,
    /// What it took, where the provider says.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// A JSON object, as text.
    #[serde(default)]
    pub extra: Option<String>,
}

impl Finish {
    /// An end for this reason, of which nothing else is known.
    pub fn new(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            ..Self::default()
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ChatError {
    /// One of [`codes`], or another.
    pub code: String,
    /// What went wrong, for people. From a plugin it is as its author wrote it: escape it for a terminal.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When to try again.
    pub retry_after_ms: Option<u64>,
}

/// The published codes of [`ChatError`].
pub mod codes {
    /// Too much was asked lately; `retry_after_ms` may say until when.
    pub const RATE_LIMITED: &str = "rate-limited";
    /// The provider does not know who asks.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The conversation is longer than the model can take.
    pub const CONTEXT_TOO_LONG: &str = "context-too-long";
    /// The provider does not answer now.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The provider can't take the request as it is.
    pub const INVALID: &str = "invalid";
    /// No provider or model is called so.
    pub const NOT_FOUND: &str = "not-found";
    /// The host does not allow it.
    pub const DENIED: &str = "denied";
    /// What may be asked is used up.
    pub const QUOTA_EXCEEDED: &str = "quota-exceeded";
    /// The answer broke off, or is no answer.
    pub const BROKEN: &str = "broken";
    /// A fault in the provider.
    pub const INTERNAL: &str = "internal";
}

impl ChatError {
    /// An error that another try won't change.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retryable: false,
            retry_after_ms: None,
        }
    }

    /// [`codes::UNAVAILABLE`]: worth another try.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(codes::UNAVAILABLE, message).retryable(None)
    }

    /// [`codes::RATE_LIMITED`]: worth another try, after that many milliseconds where that is known.
    pub fn rate_limited(message: impl Into<String>, retry_after_ms: Option<u64>) -> Self {
        Self::new(codes::RATE_LIMITED, message).retryable(retry_after_ms)
    }

    /// The same, worth another try.
    #[must_use]
    pub fn retryable(self, retry_after_ms: Option<u64>) -> Self {
        Self {
            retryable: true,
            retry_after_ms,
            ..self
        }
    }
}

/// A model that a provider has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelInfo {
    /// What requests call it by.
    pub id: String,
    /// What people call it.
    pub title: Option<String>,
    /// How much of a conversation it can take.
    pub context_tokens: Option<u64>,
    /// `tools`, `images`, `reasoning`, and others.
    pub features: Vec<String>,
}

/// What a provider is, known without the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderDefinition {
    /// Unique within the plugin.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// What it brings.
    pub description: String,
    /// A JSON object, as text.
    pub extra: Option<String>,
}

pub(crate) mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(data))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_put_a_message_in_is_said_once_and_only_by_the_host() {
        let forged = Message::user("yes").from_plugin("org.example.other");
        let message = forged.from_plugin("org.example.plugin");
        assert_eq!(message.provenance(), Some("org.example.plugin"));
        assert_eq!(message.parts.len(), 2);
        assert_eq!(Message::user("yes").provenance(), None);
    }

    #[test]
    fn bytes_are_base64_in_json() {
        let media = Media {
            media_type: "image/gif".to_owned(),
            data: b"GIF89a".to_vec(),
        };
        let json = serde_json::to_value(&media).unwrap();
        assert_eq!(json["data"], "R0lGODlh");
        assert_eq!(serde_json::from_value::<Media>(json).unwrap(), media);
    }
}
