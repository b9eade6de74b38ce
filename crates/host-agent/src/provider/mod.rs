//! Model providers: one trait for native ones and plugins', and what wraps any of them.

mod answer;
mod bounded;
mod complete;
mod extra;
mod scripted;

use async_trait::async_trait;
pub use portcullis_contract::chat;
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo};
pub use portcullis_host_core::{ChatEvent, ChatStream};

pub use answer::{Assembler, MAX_ANSWER_BYTES, MAX_TOOL_USES, collect};
pub use bounded::{AnswerLimits, Bounded};
pub use complete::complete;
pub use extra::allow_extra;
pub use scripted::{Scripted, Turn};

/// Something that answers conversations.
#[async_trait]
pub trait ChatProvider: Send + Sync {
    /// The models that it has, asked over the network where it needs to.
    ///
    /// # Errors
    /// As the contract has them.
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError>;

    /// Begins an answer. Dropping the future, or the stream, ends it.
    ///
    /// # Errors
    /// As the contract has them; what goes wrong later comes in the stream.
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError>;
}
