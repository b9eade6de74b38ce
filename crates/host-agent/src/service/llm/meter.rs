//! What one answer takes of a plugin's budget.

use std::sync::Arc;

use portcullis_contract::chat::{ChatError, Delta, Usage, codes};
use portcullis_host_core::ChatEvent;
use portcullis_host_policy::Identity;

use super::budget::Budgets;

/// Bytes of text in a token, roughly, where nobody counted them.
pub(super) const TOKEN_BYTES: u64 = 4;

/// Taken in advance for an answer whose length the request leaves open, so that many at once can't all start on the last token.
const ANSWER: u32 = 1024;

/// Counts one answer, and puts the budget right when it ends, breaks off or is dropped.
pub(super) struct Meter {
    budgets: Arc<Budgets>,
    who: Identity,
    input: u64,
    taken: u64,
    output_bytes: u64,
    settled: bool,
}

impl Meter {
    /// Takes in advance what the request and its answer will use: `input` tokens, estimated.
    ///
    /// # Errors
    /// `quota-exceeded`, with the time to wait.
    pub(super) fn start(
        budgets: &Arc<Budgets>,
        who: Identity,
        input: u64,
        longest: Option<u32>,
    ) -> Result<Self, ChatError> {
        let taken = input.saturating_add(longest.unwrap_or(ANSWER).into());
        budgets.take(who, taken).map_err(|wait| {
            let message = "this plugin has used up the tokens that it may use of the host's model in a minute: wait, and ask \
                           shorter questions";
            let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            ChatError::new(codes::QUOTA_EXCEEDED, message).retryable(Some(wait))
        })?;
        Ok(Self {
            budgets: budgets.clone(),
            who,
            input,
            taken,
            output_bytes: 0,
            settled: false,
        })
    }

    /// Counts what came in.
    pub(super) fn see(&mut self, event: &Result<ChatEvent, ChatError>) {
        match event {
            Ok(ChatEvent::Delta(delta)) => self.output_bytes += bytes(delta),
            Ok(ChatEvent::Finish(finish)) => self.settle(finish.usage.as_ref()),
            Err(_) => self.settle(None),
        }
    }

    /// Without a word of the provider's, the question counts even where it failed: else asking in vain would be free.
    fn settle(&mut self, usage: Option<&Usage>) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let used = match usage {
            Some(usage) => usage.input_tokens.saturating_add(usage.output_tokens),
            None => self.input + self.output_bytes / TOKEN_BYTES,
        };
        self.budgets.settle(self.who, self.taken, used);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.settle(None);
    }
}

fn bytes(delta: &Delta) -> u64 {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = match delta {
        Delta::Text(text) | Delta::Reasoning(text) => text.len(),
        Delta::ToolUse(piece) => piece.arguments.len() + length(&piece.id) + length(&piece.name),
        Delta::Other(other) => other.kind.len() + other.payload.len(),
    };
    bytes as u64
}
