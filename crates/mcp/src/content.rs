//! What plugins answer, as the protocol says it: escaped, since it is for models and people.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_host_agent::contract::EmbeddedResource;
use portcullis_host_agent::contract::chat::{ToolResult, ToolResultPart};
use portcullis_host_agent::core::{
    Blob, Content, Denial, Extension, Remedy, ResourceBody, ResourceContents, ResourceLink,
    ToolOutput,
};
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::{self, CallError};
use rmcp::model::{self, CallToolResult, ContentBlock, Resource};

/// A tool's answer. The structured answer stands beside the text; a tool that put nothing into words has it as text too, for clients
/// that know of text alone.
pub(crate) fn answered(output: ToolOutput) -> CallToolResult {
    let mut blocks = Vec::new();
    if output.session_rebuilt {
        let note = "[The tool had lost what it kept of earlier calls, and started anew.]";
        blocks.push(ContentBlock::text(note));
    }
    let silent = output.content.is_empty();
    blocks.extend(output.content.into_iter().filter_map(block));
    if silent && let Some(value) = &output.structured {
        let text = escape::json(&value.to_string()).into_owned();
        blocks.push(ContentBlock::text(text));
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = output.structured;
    result
}

/// A call that has no result.
pub(crate) fn failed(code: &str, message: &str) -> CallToolResult {
    error_of(tool::failed("", code, message))
}

/// The same for an error.
pub(crate) fn error(error: &CallError) -> CallToolResult {
    error_of(error.result(""))
}

fn error_of(result: ToolResult) -> CallToolResult {
    let texts = result.content.into_iter().filter_map(|part| match part {
        ToolResultPart::Text(text) => Some(ContentBlock::text(text)),
        _ => None,
    });
    CallToolResult::error(texts.collect())
}

/// What a call lacked, and what its operator would have to say: for the model to tell its person, who alone can grant it.
pub(crate) fn lacking(denials: &[Denial]) -> Option<String> {
    let mut text = String::new();
    for remedy in denials.iter().flat_map(|denial| &denial.remedies) {
        if let Remedy::Allow(capability) = remedy {
            let words = escape::line(&capability.words().to_string());
            let capability = escape::line(&capability.to_string());
            // Writing to a string does not fail.
            let _ = write!(text, "\n- {capability}: {words}");
        }
    }
    let who =
        "It was not granted what it needs. Whoever runs this server can grant it, and nobody else:";
    (!text.is_empty()).then(|| format!("{who}{text}"))
}

/// One block; none where its kind is not known here.
pub(crate) fn block(content: Content) -> Option<ContentBlock> {
    match content {
        Content::Text(text) => Some(ContentBlock::text(escape::text(&text))),
        Content::Blob(of) => Some(blob(&of)),
        Content::Link(of) => Some(ContentBlock::resource_link(link(&of))),
        Content::Other(Extension { kind, payload }) if kind == EmbeddedResource::KIND => {
            embedded(&payload)
        }
        _ => None,
    }
}

/// An image or a sound; any other bytes are a resource that travels with the answer, since the protocol has no block for them.
fn blob(Blob { media_type, data }: &Blob) -> ContentBlock {
    let (data, media_type) = (STANDARD.encode(data), escape::line(media_type));
    let kind = media_type.split('/').next().unwrap_or_default();
    if kind.eq_ignore_ascii_case("image") {
        ContentBlock::image(data, media_type)
    } else if kind.eq_ignore_ascii_case("audio") {
        ContentBlock::audio(data, media_type)
    } else {
        let contents = model::ResourceContents::blob(data, "portcullis:bytes");
        ContentBlock::resource(contents.with_mime_type(media_type))
    }
}

fn link(of: &ResourceLink) -> Resource {
    let name = of.name.as_deref().unwrap_or(&of.uri);
    let mut resource = Resource::new(escape::line(&of.uri), escape::line(name));
    resource.mime_type = of.media_type.as_deref().map(escape::line);
    resource
}

fn embedded(payload: &str) -> Option<ContentBlock> {
    let contents: model::ResourceContents = serde_json::from_str(payload).ok()?;
    Some(ContentBlock::resource(contents))
}

/// What was read of a resource, as it is: it is data, and the client knows what it asked for.
pub(crate) fn contents(of: ResourceContents) -> model::ResourceContents {
    let contents = match of.body {
        ResourceBody::Text(text) => model::ResourceContents::TextResourceContents {
            uri: of.uri,
            mime_type: None,
            text,
            meta: None,
        },
        ResourceBody::Blob(bytes) => model::ResourceContents::blob(STANDARD.encode(bytes), of.uri),
    };
    match of.media_type {
        Some(media_type) => contents.with_mime_type(media_type),
        None => contents,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(content: Content) -> Value {
        serde_json::to_value(block(content).unwrap()).unwrap()
    }

    fn bytes(media_type: &str) -> Content {
        let (media_type, data) = (media_type.to_owned(), b"GIF89a".to_vec());
        Content::Blob(Blob { media_type, data })
    }

    #[test]
    fn bytes_are_what_their_media_type_says() {
        let image = json!({"type": "image", "data": "R0lGODlh", "mimeType": "image/gif"});
        assert_eq!(shown(bytes("image/gif")), image);
        assert_eq!(shown(bytes("audio/wav"))["type"], "audio");
        let other = shown(bytes("application/zip"));
        assert_eq!(other["type"], "resource");
        assert_eq!(other["resource"]["blob"], "R0lGODlh");
        assert_eq!(other["resource"]["mimeType"], "application/zip");
    }

    #[test]
    fn an_embedded_resource_is_one_and_other_kinds_are_left_out() {
        let payload = r#"{"uri":"notes://a","mimeType":"text/plain","text":"Rest."}"#.to_owned();
        let of = |kind: &str, payload: &str| {
            let (kind, payload) = (kind.to_owned(), payload.to_owned());
            Content::Other(Extension { kind, payload })
        };
        let resource = shown(of("resource", &payload));
        assert_eq!(resource["resource"]["text"], "Rest.");
        assert_eq!(block(of("resource", "{}")), None);
        assert_eq!(block(of("hologram", &payload)), None);
    }

    #[test]
    fn a_structured_answer_stands_beside_the_text() {
        let mut output = ToolOutput::text_of("two\u{1b}");
        output.structured = Some(json!({"sum": 2}));
        let told = serde_json::to_value(answered(output)).unwrap();
        assert_eq!(told["content"][0]["text"], "two\\u{1b}");
        assert_eq!(told["structuredContent"], json!({"sum": 2}));
        let mut silent = ToolOutput::default();
        silent.structured = Some(json!({"sum": 2}));
        let told = serde_json::to_value(answered(silent)).unwrap();
        assert_eq!(told["content"][0]["text"], "{\"sum\":2}");
    }
}
