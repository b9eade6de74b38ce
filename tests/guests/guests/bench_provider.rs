//! What benchmarks of providers ask: as many pieces as the last message says, as fast as they can be sent.

use portcullis_guest_sdk::chat::{ChatError, ChatRequest, Finish, Message, ModelInfo, codes};
use portcullis_guest_sdk::prelude::*;

#[derive(Default)]
struct Fast;

/// Answers with any number of pieces.
#[plugin_provider(name = "fast")]
impl ChatProvider for Fast {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        Ok(Vec::new())
    }

    async fn chat(&self, request: ChatRequest, mut out: ChatOutput) -> Result<Finish, ChatError> {
        let wanted = request.messages.last().map(Message::text);
        let wanted = wanted.and_then(|text| text.parse::<u64>().ok());
        let pieces = wanted.ok_or_else(|| {
            ChatError::new(codes::INVALID, "the last message is no number of pieces")
        })?;
        for _ in 0..pieces {
            out.text("piece ").await?;
        }
        Ok(Finish::new("stop"))
    }
}
