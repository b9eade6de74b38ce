//! The host's model, for plugins that need one.
//!
//! ```
//! use portcullis_guest_sdk::chat::{ChatRequest, Message};
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, LlmReply, json};
//!
//! /// Sums a text up in one sentence.
//! #[plugin_tool]
//! async fn sum_up(text: String) -> Result<String, ToolError> {
//!     let request = ChatRequest {
//!         model: "example-small".into(),
//!         messages: vec![Message::system("Sum up in one sentence."), Message::user(text)],
//!         ..ChatRequest::default()
//!     };
//!     Ok(llm::chat(request).await?.whole().await?.text)
//! }
//!
//! let host = Host::new().llm(LlmReply::text("All is well."));
//! assert_eq!(host.call("sum_up", json!({ "text": "…" })).unwrap().text(), "All is well.");
//! assert_eq!(host.chats()[0].model, "example-small");
//! ```
//!
//! The manifest asks for it: `request = ["llm:example-small"]`. With the feature `sync` an answer comes in one piece.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};

use futures_core::Stream;
use portcullis_contract::chat::{ChatError, ChatRequest, Delta, Finish, ToolUse, ToolUseDelta};

/// Asks the host's model, and waits until its answer begins.
///
/// # Errors
/// Why there is no answer: `denied`, if nobody allowed it.
pub async fn chat(request: ChatRequest) -> Result<Reply, ChatError> {
    crate::host::llm_chat(request).await
}

/// An answer that has begun: a stream of its pieces, and how it ends.
pub struct Reply {
    deltas: Pin<Box<dyn Stream<Item = Delta>>>,
    finish: Pin<Box<dyn Future<Output = Result<Finish, ChatError>>>>,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// The tools that the model wants to use.
    pub tool_uses: Vec<ToolUse>,
    /// How it ended.
    pub finish: Finish,
}

impl Reply {
    pub(crate) fn new(
        deltas: impl Stream<Item = Delta> + 'static,
        finish: impl Future<Output = Result<Finish, ChatError>> + 'static,
    ) -> Self {
        Self {
            deltas: Box::pin(deltas),
            finish: Box::pin(finish),
        }
    }

    /// The next piece, or `None` at the end of the answer, whether it is whole or broke off: [`finish`](Self::finish) says which.
    pub async fn next(&mut self) -> Option<Delta> {
        std::future::poll_fn(|cx| self.deltas.as_mut().poll_next(cx)).await
    }

    /// How the answer ended, after the pieces that are left are thrown away.
    ///
    /// # Errors
    /// Why it broke off.
    pub async fn finish(mut self) -> Result<Finish, ChatError> {
        while self.next().await.is_some() {}
        self.finish.await
    }

    /// Waits for the whole answer. What the model thought is left out, and so are pieces of kinds that came later than this version.
    ///
    /// # Errors
    /// Why it broke off.
    pub async fn whole(mut self) -> Result<Answer, ChatError> {
        let mut text = String::new();
        let mut tool_uses = BTreeMap::new();
        while let Some(delta) = self.next().await {
            match delta {
                Delta::Text(more) => text.push_str(&more),
                Delta::ToolUse(more) => add(&mut tool_uses, more),
                Delta::Reasoning(_) | Delta::Other(_) => {}
            }
        }
        Ok(Answer {
            text,
            tool_uses: tool_uses.into_values().collect(),
            finish: self.finish.await?,
        })
    }
}

fn add(tool_uses: &mut BTreeMap<u32, ToolUse>, more: ToolUseDelta) {
    let tool_use = tool_uses.entry(more.index).or_default();
    if let Some(id) = more.id {
        tool_use.id = id;
    }
    if let Some(name) = more.name {
        tool_use.name = name;
    }
    tool_use.arguments.push_str(&more.arguments);
}

impl Stream for Reply {
    type Item = Delta;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Delta>> {
        self.deltas.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
