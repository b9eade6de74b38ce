//! The values of the contract's `tool-types`, as plain Rust types that are the same natively and in the sandbox.

use bitflags::bitflags;
use serde::de::DeserializeOwned;

/// Bytes with a media type: an image, a sound, a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob {
    /// An IANA media type such as `image/png`.
    pub media_type: String,
    /// The bytes as they are, in no encoding.
    pub data: Vec<u8>,
}

impl Blob {
    /// Makes a blob of bytes.
    ///
    /// ```
    /// use portcullis_guest_sdk::Blob;
    ///
    /// assert_eq!(Blob::new("text/csv", "a,b").data, b"a,b");
    /// ```
    pub fn new(media_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            media_type: media_type.into(),
            data: data.into(),
        }
    }
}

/// Something that lives elsewhere and is named instead of carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceLink {
    /// Where it is.
    pub uri: String,
    /// What a person would call it.
    pub name: Option<String>,
    /// Its media type, where it is known.
    pub media_type: Option<String>,
}

/// What this version has no case for: a published kind, and JSON. Skipped, never refused, by who doesn't know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// The published name of the kind.
    pub kind: String,
    /// JSON.
    pub payload: String,
}

/// One block of content, in the order a reader should see it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content::Text(text.to_owned())
    }
}

impl From<Blob> for Content {
    fn from(blob: Blob) -> Self {
        Content::Blob(blob)
    }
}

impl From<ResourceLink> for Content {
    fn from(link: ResourceLink) -> Self {
        Content::Link(link)
    }
}

bitflags! {
    /// Which directions of a tool flow in pieces.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Streams: u8 {
        /// The tool reads the caller's input stream.
        const INPUT = 1;
        /// The tool writes events while it works.
        const OUTPUT = 1 << 1;
    }
}

/// What a tool is, as its author wrote it. The SDK makes it from the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDefinition {
    /// `[a-z0-9][a-z0-9_-]{0,63}`, unique within the plugin.
    pub name: String,
    /// A short name for people.
    pub title: Option<String>,
    /// What it does and when to use it, for a model that has to choose.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments; the root is an object.
    pub input_schema: String,
    /// JSON Schema 2020-12 of [`ToolOutput::structured`].
    pub output_schema: Option<String>,
    /// Directions that flow in pieces.
    pub streams: Streams,
    /// Hints under stable keys, each `true` or `false`: `read-only`, `destructive`, `idempotent`, `open-world`.
    pub annotations: Vec<(String, String)>,
}

/// One call of one tool, as the host makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Given by the host; progress and audit records carry it.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// A JSON object.
    pub arguments: String,
    /// Bytes that came with the call, beside the arguments.
    pub attachments: Vec<Blob>,
    /// Caller-chosen metadata.
    pub metadata: Vec<(String, String)>,
}

/// What a tool answers, in full control: most tools return a plain type and let the SDK make this of it.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Draws a dot.
/// #[plugin_tool]
/// fn draw_dot() -> ToolOutput {
///     ToolOutput {
///         content: vec!["A dot:".into(), Blob::new("image/gif", *b"GIF89a").into()],
///         structured: None,
///     }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolOutput {
    /// For people and models, in reading order.
    pub content: Vec<Content>,
    /// A JSON value that fits the output schema, where there is one.
    pub structured: Option<String>,
}

impl ToolOutput {
    /// All of its text, a line break between blocks.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.content.iter().filter_map(Content::as_text).collect();
        texts.join("\n")
    }

    /// The structured result as a `T`.
    ///
    /// # Errors
    /// If there is none, or it is no `T`.
    pub fn structured_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.structured.as_deref().unwrap_or_default())
    }
}

impl<C: Into<Content>> From<C> for ToolOutput {
    fn from(content: C) -> Self {
        Self {
            content: vec![content.into()],
            structured: None,
        }
    }
}

/// How far a call has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// 0 to `total`, never falling.
    pub done: f64,
    /// The end, where it is known.
    pub total: Option<f64>,
    /// What is being done.
    pub message: Option<String>,
}

/// What a streaming tool says while it works.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolEvent {
    /// How far it has come.
    Progress(Progress),
    /// A piece of its content, in order.
    Content(Content),
    /// A kind that came later than this version.
    Other(Extension),
}

impl<C: Into<Content>> From<C> for ToolEvent {
    fn from(content: C) -> Self {
        ToolEvent::Content(content.into())
    }
}

impl From<Progress> for ToolEvent {
    fn from(progress: Progress) -> Self {
        ToolEvent::Progress(progress)
    }
}
