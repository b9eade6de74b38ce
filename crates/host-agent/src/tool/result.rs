//! What a model is given for a call.

use portcullis_contract::chat::{
    Extension, Media, PROVENANCE, REASONING, ToolResult, ToolResultPart,
};
use portcullis_host_core::{Blob, Content, ResourceLink, ToolOutput};
use portcullis_host_policy::escape;

use super::{CallError, shown};

/// The text of one result that a model sees: some 250,000 tokens, more than most conversations hold.
const TEXT_BYTES: usize = 1024 * 1024;

/// The text of an error that a model sees. It says what went wrong and what to do, which takes no more than a page.
const ERROR_BYTES: usize = 4 * 1024;

/// The longest of small things: codes, media types, kinds.
const WORD_BYTES: usize = 256;

/// What a tool answered, as the model may see it: escaped, and bounded.
///
/// A structured answer is given as JSON where the tool did not put it into words itself.
pub fn answered(tool_use_id: impl Into<String>, output: ToolOutput) -> ToolResult {
    let mut parts = Parts::default();
    if output.session_rebuilt {
        parts.text("[The tool had lost what it kept of earlier calls, and started anew.]");
    }
    let structured = output.structured.filter(|_| output.content.is_empty());
    output
        .content
        .into_iter()
        .for_each(|block| parts.block(block));
    if let Some(value) = structured {
        parts.text(&escape::json(&value.to_string()));
    }
    ToolResult {
        tool_use_id: tool_use_id.into(),
        content: parts.end(),
        is_error: false,
    }
}

/// A call that has no result, as the model may see it: escaped, and bounded.
pub fn failed(tool_use_id: impl Into<String>, code: &str, message: &str) -> ToolResult {
    let code = shown::line(code, WORD_BYTES);
    let message = shown::text(message, ERROR_BYTES).text;
    ToolResult {
        tool_use_id: tool_use_id.into(),
        content: vec![ToolResultPart::Text(format!("{code}: {message}"))],
        is_error: true,
    }
}

impl CallError {
    /// The error as the model may see it.
    pub fn result(&self, tool_use_id: impl Into<String>) -> ToolResult {
        let mut result = failed(tool_use_id, &self.code(), &self.told());
        if let Some(details) = self.details() {
            let details = details.to_string();
            let shown = shown::text(&escape::json(&details), ERROR_BYTES).text;
            result.content.push(ToolResultPart::Text(shown));
        }
        result
    }
}

/// A result that a hook changed, as the model may see it: by the same rules as what tools answer.
pub(super) fn changed(parts: Vec<ToolResultPart>) -> Vec<ToolResultPart> {
    let mut seen = Parts::default();
    for part in parts {
        match part {
            ToolResultPart::Text(text) => seen.text(&text),
            ToolResultPart::Media(Media { media_type, data }) => {
                seen.block(Content::Blob(Blob { media_type, data }));
            }
            ToolResultPart::Other(other) => seen.other(&other.kind, &other.payload),
        }
    }
    seen.end()
}

/// Blocks of a result, of which the text is bounded as a whole.
#[derive(Default)]
struct Parts {
    parts: Vec<ToolResultPart>,
    bytes: usize,
    left_out: usize,
}

impl Parts {
    fn block(&mut self, block: Content) {
        match block {
            Content::Text(text) => self.text(&text),
            Content::Blob(Blob { media_type, data }) => {
                let media_type = shown::line(&media_type, WORD_BYTES);
                self.parts
                    .push(ToolResultPart::Media(Media { media_type, data }));
            }
            Content::Link(link) => self.text(&in_words(&link)),
            Content::Other(other) => self.other(&other.kind, &other.payload),
            // A kind that this host has no case for.
            _ => {}
        }
    }

    fn text(&mut self, raw: &str) {
        let shown = shown::text(raw, TEXT_BYTES - self.bytes);
        self.bytes += shown.text.len();
        self.left_out += shown.left_out;
        if !shown.text.is_empty() || raw.is_empty() {
            self.parts.push(ToolResultPart::Text(shown.text));
        }
    }

    /// Kinds that say where a message is from or what a model thought are the host's and the provider's, never a tool's.
    fn other(&mut self, kind: &str, payload: &str) {
        if matches!(kind, PROVENANCE | REASONING) {
            return;
        }
        if payload.len() > TEXT_BYTES - self.bytes {
            self.left_out += payload.len();
            return;
        }
        self.bytes += payload.len();
        self.parts.push(ToolResultPart::Other(Extension {
            kind: shown::line(kind, WORD_BYTES),
            payload: escape::json(payload).into_owned(),
        }));
    }

    fn end(mut self) -> Vec<ToolResultPart> {
        if self.left_out > 0 {
            let note = format!("[{} bytes of the result were left out.]", self.left_out);
            self.parts.push(ToolResultPart::Text(note));
        }
        self.parts
    }
}

fn in_words(link: &ResourceLink) -> String {
    let name = link.name.iter().map(|name| format!("{name}: "));
    let media_type = link.media_type.iter().map(|kind| format!(" ({kind})"));
    let words = name.chain([link.uri.clone()]).chain(media_type);
    escape::line(&words.collect::<String>())
}
