//! An answer ends once, and says how.

use futures::{StreamExt as _, stream};
use portcullis_contract::chat::{ChatError, codes};

use super::{ChatEvent, ChatStream};

/// The same answer, ended by its first [`ChatEvent::Finish`] or error: nothing after it is asked for, and the request is let
/// go. Where neither comes, it is [`codes::BROKEN`], which another try may mend.
pub fn complete(answer: ChatStream) -> ChatStream {
    let events = stream::unfold(Some(answer), |answer| async move {
        let mut answer = answer?;
        match answer.next().await {
            Some(Ok(ChatEvent::Delta(delta))) => Some((Ok(ChatEvent::Delta(delta)), Some(answer))),
            Some(end) => Some((end, None)),
            None => Some((Err(broke_off()), None)),
        }
    });
    events.boxed()
}

fn broke_off() -> ChatError {
    ChatError::new(
        codes::BROKEN,
        "the answer broke off: it ended without saying how",
    )
    .retryable(None)
}

#[cfg(test)]
mod tests {
    use portcullis_contract::chat::{Delta, Finish};

    use super::*;

    fn text(text: &str) -> Result<ChatEvent, ChatError> {
        Ok(ChatEvent::Delta(Delta::Text(text.to_owned())))
    }

    async fn completed(
        events: impl IntoIterator<Item = Result<ChatEvent, ChatError>>,
    ) -> Vec<Result<ChatEvent, ChatError>> {
        let events: Vec<_> = events.into_iter().collect();
        complete(stream::iter(events).boxed()).collect().await
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_broken() {
        let events = completed([text("Hel")]).await;
        assert_eq!(events[0], text("Hel"));
        let error = events[1].as_ref().unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.retryable),
            (codes::BROKEN, true)
        );
        assert_eq!(events.len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_asked_for_after_the_end() {
        let end = Ok(ChatEvent::Finish(Finish::new("stop")));
        let after = stream::poll_fn(|_| panic!("polled after the end"));
        let answer = stream::iter([text("Hello"), end.clone()]).chain(after);
        let events: Vec<_> = complete(answer.boxed()).collect().await;
        assert_eq!(events, [text("Hello"), end]);
    }

    #[tokio::test]
    async fn an_error_is_the_end() {
        let error = Err(ChatError::unavailable("gone"));
        let events = completed([text("Hel"), error.clone(), text("lo")]).await;
        assert_eq!(events, [text("Hel"), error]);
    }
}
