//! Model providers: one trait for native ones and plugins', and what wraps any of them.
//!
//! [`Providers`] is the set of those that there are, each [`Bounded`]. [`Resilient`] tries again and falls over to the next,
//! [`Routed`] picks by the model's name; both are providers themselves.
//!
//! ```
//! use std::sync::Arc;
//!
//! use portcullis_host_agent::provider::{Candidate, Providers, Resilient, Routed, Scripted};
//!
//! let (providers, errors) = Providers::builder()
//!     .native("main", Arc::new(Scripted::new([])))
//!     .native("spare", Arc::new(Scripted::new([])))
//!     .build();
//! assert!(errors.is_empty());
//!
//! let main = Candidate::new("main", Arc::clone(providers.get("main")?));
//! let spare = Candidate::new("spare", Arc::clone(providers.get("spare")?));
//! let resilient = Resilient::new(main).or(spare.with_model("small"));
//!
//! let (routed, errors) = Routed::builder(&providers).route("gpt-*", "main").route("*", "none").build();
//! assert!(errors[0].to_string().contains("no provider is called \"none\""));
//! # Ok::<(), portcullis_host_agent::provider::UnknownProvider>(())
//! ```

mod answer;
mod bounded;
mod complete;
mod extra;
mod factory;
pub mod openai;
mod plugin;
mod resilient;
mod routed;
mod scripted;

use async_trait::async_trait;
pub use portcullis_contract::chat;
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo};
pub use portcullis_host_core::{Assembler, ChatEvent, ChatStream, MAX_ANSWER_BYTES, MAX_TOOL_USES};

pub use answer::collect;
pub use bounded::{AnswerLimits, Bounded};
pub use complete::complete;
pub use extra::allow_extra;
pub use factory::{MAX_NAME, ProviderNameError, Providers, ProvidersBuilder, UnknownProvider};
pub use openai::{OpenAi, OpenAiError};
pub(crate) use plugin::in_chain;
pub use plugin::{ANSWER_TIME, PluginProvider};
pub use resilient::{Candidate, Resilient, Retry};
pub use routed::{RouteError, Routed, RoutedBuilder};
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
