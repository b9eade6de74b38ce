//! What a plugin may put into a request.

use portcullis_contract::chat::{
    ChatError, ChatRequest, Message, PROVENANCE, Part, ToolResultPart, codes,
};

use super::meter::TOKEN_BYTES;

/// The most messages of one request: longer than any conversation that a model takes as a whole.
const MESSAGES: usize = 2048;

/// The most tools of one request: models get lost in fewer.
const TOOLS: usize = 256;

/// The largest request, in bytes: a conversation of a million tokens, or some pictures.
const BYTES: u64 = 8 << 20;

/// What each part counts beside its text, so that empty ones are not free.
const EACH: u64 = 16;

/// What a picture takes at most, in tokens, whatever its bytes: providers scale it down.
const MEDIA_TOKENS: u64 = 1600;

/// What a request amounts to.
#[derive(Default)]
struct Size {
    text: u64,
    media: u64,
    pictures: u64,
}

impl Size {
    fn text(&mut self, texts: &[&str]) {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        self.text += EACH + bytes as u64;
    }

    fn media(&mut self, data: &[u8]) {
        self.media += EACH + data.len() as u64;
        self.pictures += 1;
    }

    fn message(&mut self, message: &Message) {
        self.text(&[&message.role]);
        for part in &message.parts {
            match part {
                Part::Text(text) => self.text(&[text]),
                Part::Media(media) => self.media(&media.data),
                Part::ToolUse(call) => self.text(&[&call.id, &call.name, &call.arguments]),
                Part::ToolResult(result) => {
                    self.text(&[&result.tool_use_id]);
                    result.content.iter().for_each(|part| match part {
                        ToolResultPart::Text(text) => self.text(&[text]),
                        ToolResultPart::Media(media) => self.media(&media.data),
                        ToolResultPart::Other(other) => self.text(&[&other.kind, &other.payload]),
                    });
                }
                Part::Other(other) => self.text(&[&other.kind, &other.payload]),
            }
        }
    }
}

/// Checks a request's size, and estimates its tokens.
///
/// # Errors
/// `invalid`, with the limit.
pub(super) fn check(request: &ChatRequest) -> Result<u64, ChatError> {
    at_most("messages", request.messages.len() as u64, MESSAGES as u64)?;
    at_most("tools", request.tools.len() as u64, TOOLS as u64)?;
    let mut size = Size::default();
    size.text(&[&request.model, request.extra.as_deref().unwrap_or_default()]);
    for tool in &request.tools {
        size.text(&[&tool.name, &tool.description, &tool.input_schema]);
    }
    request
        .messages
        .iter()
        .for_each(|message| size.message(message));
    at_most("bytes", size.text + size.media, BYTES)?;
    Ok(size.text / TOKEN_BYTES + size.pictures * MEDIA_TOKENS)
}

fn at_most(what: &str, count: u64, limit: u64) -> Result<(), ChatError> {
    if count <= limit {
        return Ok(());
    }
    let message =
        format!("the request has {count} {what}, and {limit} is the most: leave some of it out");
    Err(ChatError::new(codes::INVALID, message))
}

/// Takes out what says who put a message in: only the host says that.
pub(super) fn strip_provenance(request: &mut ChatRequest) {
    for message in &mut request.messages {
        message
            .parts
            .retain(|part| !matches!(part, Part::Other(other) if other.kind == PROVENANCE));
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part {
                result.content.retain(
                    |part| !matches!(part, ToolResultPart::Other(other) if other.kind == PROVENANCE),
                );
            }
        }
    }
}
