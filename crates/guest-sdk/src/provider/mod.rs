//! Model providers. See [`#[plugin_provider]`](macro@crate::plugin_provider); needs the feature `providers`.
//!
//! ```
//! use portcullis_guest_sdk::chat::{ChatError, ChatRequest, Finish, Message, ModelInfo};
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::Host;
//!
//! #[derive(Default)]
//! struct Parrot;
//!
//! /// Says what it is told.
//! #[plugin_provider(name = "parrot")]
//! impl ChatProvider for Parrot {
//!     async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
//!         Ok(vec![ModelInfo { id: "grey".into(), ..ModelInfo::default() }])
//!     }
//!
//!     async fn chat(&self, request: ChatRequest, mut out: ChatOutput) -> Result<Finish, ChatError> {
//!         let told = request.messages.last().map(Message::text).unwrap_or_default();
//!         for word in told.split_inclusive(' ') {
//!             out.text(word).await?;
//!         }
//!         Ok(Finish::new("stop"))
//!     }
//! }
//!
//! let request = ChatRequest { messages: vec![Message::user("pretty bird")], ..ChatRequest::default() };
//! let answer = Host::new().chat("parrot", request);
//! assert_eq!(answer.text(), "pretty bird");
//! assert_eq!(answer.finish, Ok(Finish::new("stop")));
//! ```
//!
//! An error before the first piece of an answer is the request's, and an agent may try elsewhere; a later one breaks the answer
//! off. With `?` the SDK's own errors become a [`ChatError`] whose code says whether another try is worth it, and [`accepted`]
//! makes one of a server's refusal.
//!
//! A provider is at most 64 pieces ahead of who reads them, and hands them over in batches.

mod errors;

use futures::SinkExt;
use futures::channel::mpsc;
use portcullis_contract::chat::{ChatError, ChatRequest, Delta, Finish, ModelInfo};

pub use errors::accepted;

use crate::stream::Closed;

/// What answers for models.
///
/// The methods may be written as `async fn`. A provider is made anew for each request, by its `Default`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model provider",
    label = "has no models",
    note = "#[plugin_provider] stands on `impl ChatProvider for {Self}`"
)]
pub trait ChatProvider {
    /// The models that it has, asked over the network where it needs to.
    ///
    /// # Errors
    /// Why that can't be told.
    fn models(&self) -> impl Future<Output = Result<Vec<ModelInfo>, ChatError>>;

    /// Answers one request: writes the answer in pieces, and says at its end how it ended.
    ///
    /// # Errors
    /// Why there is no answer, or why it broke off.
    fn chat(
        &self,
        request: ChatRequest,
        out: ChatOutput,
    ) -> impl Future<Output = Result<Finish, ChatError>>;
}

/// Where a provider writes its answer.
#[derive(Debug)]
pub struct ChatOutput {
    deltas: mpsc::Sender<Delta>,
}

impl ChatOutput {
    pub(crate) fn new(deltas: mpsc::Sender<Delta>) -> Self {
        Self { deltas }
    }

    /// Writes one piece, and waits while who reads is behind.
    ///
    /// # Errors
    /// [`Closed`] once nobody reads any more; it turns into a [`ChatError`] with `?`.
    pub async fn send(&mut self, delta: Delta) -> Result<(), Closed> {
        self.deltas.send(delta).await.map_err(|_| Closed)
    }

    /// Writes more of the answer's text.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn text(&mut self, text: impl Into<String>) -> Result<(), Closed> {
        self.send(Delta::Text(text.into())).await
    }

    /// Writes more of what the model thinks before it answers.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn reasoning(&mut self, text: impl Into<String>) -> Result<(), Closed> {
        self.send(Delta::Reasoning(text.into())).await
    }
}
