//! A conversation that gets too long is summed up by the model itself.

use portcullis_host_agent::contract::chat::Message;
use portcullis_host_agent::contract::hook::{AfterCompaction, BeforeCompaction};
use portcullis_host_agent::observer::AgentEvent;

use crate::session::{Session, tokens};
use crate::turn::{Turn, Unsaid};
use crate::ui::Shown;

/// Messages at the end that stay as they are, and all up to what the user said before them: what the model works on now.
const KEPT: usize = 2;

const INSTRUCTIONS: &str = "Sum up the conversation so far in a few sentences: what the user wants, what was found out, \
    and what is still to be done.";

impl Turn<'_> {
    /// Sums the older part of a conversation up where it is too long. Where that fails, the conversation stays as it is.
    pub(crate) async fn compact(&self, session: &mut Session, model: &str) {
        let before = tokens(&session.messages);
        let too_long = before > self.agent.settings.compact_at;
        let Some(cut) = cut(&session.messages).filter(|_| too_long) else {
            return;
        };
        let mut instructions = INSTRUCTIONS.to_owned();
        let about = || BeforeCompaction {
            session: session.id.clone(),
            messages: u32::try_from(session.messages.len()).unwrap_or(u32::MAX),
            tokens: before,
            instructions: instructions.clone(),
        };
        match self.decide(session, "the summing up was", about).await {
            Ok(Some(changed)) => instructions = changed.instructions,
            Ok(None) => {}
            Err(_) => return,
        }
        match self.sum_up(session, cut, model, instructions).await {
            Ok(summary) => self.replace(session, cut, summary),
            // Shown by what stopped it.
            Err(Unsaid::Stopped(_)) => {}
            Err(Unsaid::Failed(error)) => {
                let text = format!("the conversation was not summed up: {error}");
                self.agent.note(Shown::Note(text));
            }
        }
    }

    /// Asks the model for a summary, under the hooks of any request to a model, without tools.
    async fn sum_up(
        &self,
        session: &Session,
        cut: usize,
        model: &str,
        instructions: String,
    ) -> Result<String, Unsaid> {
        let mut messages = session.messages[..cut].to_vec();
        messages.push(Message::user(instructions));
        let mut asking = Turn {
            tools: self.tools.restrict([]),
            notes: Vec::new(),
            ..*self
        };
        let said = asking.exchange(session, model.to_owned(), messages, false);
        Ok(said.await?.message.text())
    }

    fn replace(&self, session: &mut Session, cut: usize, summary: String) {
        let told = format!("[What was said before, summed up:]\n{summary}");
        session.messages.splice(..cut, [Message::user(told)]);
        let text = format!("{cut} messages were summed up");
        self.agent.note(Shown::Note(text));
        self.agent.tell(&AgentEvent::Compacted(AfterCompaction {
            session: session.id.clone(),
            replaced: u32::try_from(cut).unwrap_or(u32::MAX),
            tokens: tokens(&session.messages),
            summary,
        }));
    }
}

/// Where the older part ends: before something that a user said, so that no tool's result is parted from its call.
fn cut(messages: &[Message]) -> Option<usize> {
    let last = messages.len().checked_sub(KEPT)?;
    let user = |at: &usize| messages[*at].role == "user";
    // One message is what an older part was summed up to already, or is as short as its summary.
    (2..=last).rev().find(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_result_stays_with_its_call() {
        let said = |role: &str| Message::text_of(role, "x");
        let roles = [
            "user",
            "assistant",
            "tool",
            "assistant",
            "user",
            "assistant",
            "tool",
            "assistant",
        ];
        let messages: Vec<_> = roles.iter().map(|role| said(role)).collect();
        assert_eq!(cut(&messages), Some(4));
        assert_eq!(cut(&messages[..4]), None);
        assert_eq!(cut(&[]), None);
    }
}
