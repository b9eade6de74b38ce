//! What passes between a caller and a plugin, apart from any version of the contract.

mod prompt;
mod resource;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

pub use prompt::{PromptArgument, PromptDefinition, PromptMessage, PromptOutput, Speaker};
pub use resource::{
    ResourceBody, ResourceContents, ResourceDefinition, ResourceTemplate, TemplateVariable,
};

/// Bytes with a media type: an image, a sound, a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// An IANA media type such as `image/png`.
    pub media_type: String,
    /// The bytes as they are. Serialized as base64.
    #[serde(serialize_with = "as_base64")]
    pub data: Vec<u8>,
}

/// Something that lives elsewhere and is named instead of carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLink {
    /// Where it is.
    pub uri: String,
    /// What a person would call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// A kind of value that the contract has no case for yet: skip it where you don't know the kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// The published name of the kind.
    pub kind: String,
    /// JSON, as the guest wrote it.
    pub payload: String,
}

/// One block of content, in the order a reader should see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Content {
    /// Text for a person or a model.
    Text(String),
    /// Bytes with a media type.
    Blob(Blob),
    /// A resource by its address.
    Link(ResourceLink),
    /// A kind that came later than this version.
    Other(Extension),
}

impl Content {
    /// What this block counts against a limit: its bytes, and something for itself, so that empty ones are not free.
    pub fn size(&self) -> u64 {
        const EACH: u64 = 16;
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let bytes = match self {
            Content::Text(text) => text.len(),
            Content::Blob(blob) => blob.media_type.len() + blob.data.len(),
            Content::Link(link) => {
                link.uri.len() + optional(&link.name) + optional(&link.media_type)
            }
            Content::Other(other) => other.kind.len() + other.payload.len(),
        };
        EACH + bytes as u64
    }
}

/// What a tool answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolOutput {
    /// For people and models, in reading order.
    pub content: Vec<Content>,
    /// The answer as a value; it fits the tool's output schema, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
    /// This call's session had lost its state since its last call, because its instance trapped or ran into a limit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub session_rebuilt: bool,
}

impl ToolError {
    /// An error that another try won't change.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            details: None,
            retryable: false,
        }
    }
}

impl ToolOutput {
    /// An answer of one text.
    pub fn text_of(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::Text(text.into())],
            ..Self::default()
        }
    }

    /// All text blocks, joined by line ends.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|block| match block {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// A tool's own failure: the call was made, and this is why it has no result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolError {
    /// Stable and machine-readable, such as `not-found`.
    pub code: String,
    /// What went wrong and what to do next, for people and models. Written by the plugin: escape it for a terminal.
    pub message: String,
    /// More about it, as the tool's author chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// 0 to `total`, never falling.
    pub done: f64,
    /// The end, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// What is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a streaming tool says while it works.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ToolEvent {
    /// How far it has come.
    Progress(Progress),
    /// A piece of its content, in order.
    Content(Content),
    /// A kind that came later than this version.
    Other(Extension),
}

/// Which directions of a tool flow in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Streams {
    /// The tool reads [`CallOptions::input`](crate::CallOptions::input).
    pub input: bool,
    /// The tool writes events while it works; see [`Plugin::call_streaming`](crate::Plugin::call_streaming).
    pub output: bool,
}

/// What a tool is, as its author wrote it and the host checked it.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolDefinition {
    /// `[a-z0-9][a-z0-9_-]{0,63}`, unique within the plugin.
    pub name: String,
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does and when to use it, for a model that has to choose.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments; its root is an object.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of [`ToolOutput::structured`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Directions that flow in pieces.
    pub streams: Streams,
    /// The author's hints: `read-only`, `destructive`, `idempotent`, `open-world`, each `true` or `false`.
    pub annotations: BTreeMap<String, String>,
}

impl ToolDefinition {
    /// A tool of a host's own, that gives its answer in one piece.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        input_schema: Value,
    ) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            input_schema,
            output_schema: None,
            streams: Streams::default(),
            annotations: BTreeMap::new(),
        }
    }

    /// Whether its author says so under a key such as `destructive`.
    pub fn says(&self, annotation: &str) -> bool {
        self.annotations
            .get(annotation)
            .is_some_and(|value| value == "true")
    }
}

fn as_base64<S: serde::Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    use base64::Engine as _;
    serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(data))
}
