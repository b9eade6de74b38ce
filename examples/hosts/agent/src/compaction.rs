//! A conversation that gets too long is summed up by the model itself.

use portcullis_host_agent::contract::chat::{ChatError, ChatRequest, Message};
use portcullis_host_agent::contract::hook::{AfterCompaction, BeforeCompaction};
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::observer::AgentEvent;
use portcullis_host_agent::provider::{ChatProvider, collect};

use crate::agent::Agent;
use crate::session::{Session, for_model, tokens};
use crate::ui::Shown;

/// Messages at the end that stay as they are, and all up to what the user said before them: what the model works on now.
const KEPT: usize = 2;

const INSTRUCTIONS: &str = "Sum up the conversation so far in a few sentences: what the user wants, what was found out, \
    and what is still to be done.";

impl Agent {
    /// Sums the older part of a conversation up where it is too long. Where that fails, the conversation stays as it is.
    pub(crate) async fn compact(
        &self,
        session: &mut Session,
        snapshot: &ExtensionSnapshot,
        model: &str,
    ) {
        let before = tokens(&session.messages);
        let Some(cut) = cut(&session.messages).filter(|_| before > self.settings.compact_at) else {
            return;
        };
        let mut instructions = INSTRUCTIONS.to_owned();
        let about = || BeforeCompaction {
            session: session.id.clone(),
            messages: u32::try_from(session.messages.len()).unwrap_or(u32::MAX),
            tokens: before,
            instructions: instructions.clone(),
        };
        match self
            .decide(session, snapshot, "the summing up was", about)
            .await
        {
            Ok(Some(changed)) => instructions = changed.instructions,
            Ok(None) => {}
            Err(_) => return,
        }
        match self
            .sum_up(&session.messages[..cut], snapshot, model, instructions)
            .await
        {
            Ok(summary) => self.replace(session, cut, summary),
            Err(error) => {
                let text = format!("the conversation was not summed up: {error}");
                self.ui.show(Shown::Note(text));
            }
        }
    }

    async fn sum_up(
        &self,
        messages: &[Message],
        snapshot: &ExtensionSnapshot,
        model: &str,
        instructions: String,
    ) -> Result<String, ChatError> {
        let mut messages: Vec<_> = messages.iter().map(for_model).collect();
        messages.push(Message::user(instructions));
        let request = ChatRequest {
            model: model.to_owned(),
            messages,
            ..ChatRequest::default()
        };
        let (answer, _) = collect(snapshot.models.chat(request).await?).await?;
        Ok(answer.text())
    }

    fn replace(&self, session: &mut Session, cut: usize, summary: String) {
        let told = format!("[What was said before, summed up:]\n{summary}");
        session.messages.splice(..cut, [Message::user(told)]);
        self.ui
            .show(Shown::Note(format!("{cut} messages were summed up")));
        self.tell(&AgentEvent::Compacted(AfterCompaction {
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
    (1..=last).rev().find(user)
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
