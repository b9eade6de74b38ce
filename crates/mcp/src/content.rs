//! What tools answer, as the protocol says it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_host_agent::core::{Blob, Content, ToolOutput};
use portcullis_host_agent::escape;
use rmcp::model::{CallToolResult, ContentBlock, Resource};

/// A tool's answer. The structured answer stands beside the text; a tool that put nothing into words has it as text too, for clients
/// that know of text alone.
pub(crate) fn answered(output: ToolOutput) -> CallToolResult {
    let mut blocks: Vec<_> = output.content.into_iter().filter_map(block).collect();
    if blocks.is_empty()
        && let Some(value) = &output.structured
    {
        let text = escape::json(&value.to_string()).into_owned();
        blocks.push(ContentBlock::text(text));
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = output.structured;
    result
}

/// One block; none where its kind is not known here.
fn block(content: Content) -> Option<ContentBlock> {
    match content {
        Content::Text(text) => Some(ContentBlock::text(escape::text(&text))),
        Content::Blob(Blob { media_type, data }) => Some(blob(&media_type, &data)),
        Content::Link(link) => {
            let name = link.name.as_deref().unwrap_or(&link.uri);
            let mut resource = Resource::new(link.uri.as_str(), escape::line(name));
            resource.mime_type = link.media_type;
            Some(ContentBlock::resource_link(resource))
        }
        _ => None,
    }
}

fn blob(media_type: &str, data: &[u8]) -> ContentBlock {
    let data = STANDARD.encode(data);
    let media_type = escape::line(media_type);
    if media_type.starts_with("audio/") {
        ContentBlock::audio(data, media_type)
    } else {
        ContentBlock::image(data, media_type)
    }
}
