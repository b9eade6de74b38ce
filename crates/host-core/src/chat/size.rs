//! What requests and answers count against limits: their bytes, and something for each thing, so that empty ones are not free.

use portcullis_contract::chat::{ChatRequest, Delta, Extension, Part, ToolResultPart};

const EACH: u64 = 16;

fn text(text: &str) -> u64 {
    text.len() as u64
}

fn optional(text: Option<&String>) -> u64 {
    text.map_or(0, |text| text.len() as u64)
}

fn extension(other: &Extension) -> u64 {
    text(&other.kind) + text(&other.payload)
}

/// What one piece of an answer counts against limits, in bytes: an endless stream of empty ones has to end as well.
pub fn delta_size(delta: &Delta) -> u64 {
    EACH + match delta {
        Delta::Text(more) | Delta::Reasoning(more) => text(more),
        Delta::ToolUse(piece) => {
            let named = optional(piece.id.as_ref()) + optional(piece.name.as_ref());
            named + text(&piece.arguments)
        }
        Delta::Other(other) => extension(other),
    }
}

fn part_size(part: &Part) -> u64 {
    let result = |part: &ToolResultPart| match part {
        ToolResultPart::Text(more) => text(more),
        ToolResultPart::Media(media) => text(&media.media_type) + media.data.len() as u64,
        ToolResultPart::Other(other) => extension(other),
    };
    EACH + match part {
        Part::Text(more) => text(more),
        Part::Media(media) => text(&media.media_type) + media.data.len() as u64,
        Part::ToolUse(tool) => text(&tool.id) + text(&tool.name) + text(&tool.arguments),
        Part::ToolResult(answer) => {
            text(&answer.tool_use_id) + answer.content.iter().map(result).sum::<u64>()
        }
        Part::Other(other) => extension(other),
    }
}

/// Bytes of a request.
pub(crate) fn request_size(request: &ChatRequest) -> u64 {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let tools = request
        .tools
        .iter()
        .map(|tool| EACH + text(&tool.name) + text(&tool.description) + text(&tool.input_schema));
    let messages = request.messages.len() as u64 * EACH;
    messages
        + parts.map(part_size).sum::<u64>()
        + tools.sum::<u64>()
        + optional(request.extra.as_ref())
}
