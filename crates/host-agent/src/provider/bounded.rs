//! An answer that ends, whatever its provider does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo, codes};
use tokio::time::{Instant, timeout_at};

use super::{ChatEvent, ChatProvider, ChatStream, complete};
use portcullis_host_core::{MAX_ANSWER_BYTES, delta_size};

/// How long one answer may take: models that think do so for minutes.
const TOTAL: Duration = Duration::from_secs(15 * 60);

/// How long a provider may say nothing: some say nothing while a model thinks.
const IDLE: Duration = Duration::from_secs(2 * 60);

/// What stands for a time that is too long to be added to a clock: longer than any program runs.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// How much of an answer is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// From the request to the answer's end. 15 minutes.
    pub total: Duration,
    /// Without a piece of the answer. 2 minutes.
    pub idle: Duration,
    /// Of all pieces together. [`MAX_ANSWER_BYTES`].
    pub bytes: u64,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self {
            total: TOTAL,
            idle: IDLE,
            bytes: MAX_ANSWER_BYTES,
        }
    }
}

/// A provider whose answers are within limits and end as [`complete`] has it: what is late is [`codes::UNAVAILABLE`], which
/// another try may mend, and what is too long is [`codes::BROKEN`]. The time that who asked takes between two pieces counts
/// for the total alone.
pub struct Bounded {
    provider: Arc<dyn ChatProvider>,
    limits: AnswerLimits,
}

impl Bounded {
    /// Bounds the answers of `provider`.
    pub fn new(provider: Arc<dyn ChatProvider>, limits: AnswerLimits) -> Self {
        Self { provider, limits }
    }
}

#[async_trait]
impl ChatProvider for Bounded {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let bounds = Bounds::new(self.limits);
        bounds.in_time(self.provider.models()).await?
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        let bounds = Bounds::new(self.limits);
        let answer = bounds.in_time(self.provider.chat(request)).await??;
        let state = Some((complete(answer), bounds));
        let events = stream::unfold(state, |state| async move {
            let (mut answer, mut bounds) = state?;
            let event = bounds.next(&mut answer).await;
            let goes_on = matches!(event, Ok(ChatEvent::Delta(_)));
            Some((event, goes_on.then_some((answer, bounds))))
        });
        Ok(events.boxed())
    }
}

struct Bounds {
    limits: AnswerLimits,
    end: Instant,
    bytes: u64,
}

impl Bounds {
    fn new(limits: AnswerLimits) -> Self {
        Self {
            limits,
            end: after(Instant::now(), limits.total),
            bytes: 0,
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, ChatError> {
        let now = Instant::now();
        let idle = after(now, self.limits.idle);
        // Asked first, since what is always ready would never be late otherwise.
        if now < self.end
            && let Ok(done) = timeout_at(idle.min(self.end), work).await
        {
            return Ok(done);
        }
        Err(ChatError::unavailable(if idle < self.end {
            format!("the provider said nothing for {:?}", self.limits.idle)
        } else {
            format!("the answer took longer than {:?}", self.limits.total)
        }))
    }

    async fn next(&mut self, answer: &mut ChatStream) -> Result<ChatEvent, ChatError> {
        let Some(event) = self.in_time(answer.next()).await? else {
            return Err(ChatError::new(codes::BROKEN, "the answer has no end"));
        };
        if let Ok(ChatEvent::Delta(delta)) = &event {
            self.bytes = self.bytes.saturating_add(delta_size(delta));
        }
        let limit = self.limits.bytes;
        if self.bytes > limit {
            let problem = format!("the answer is longer than {limit} bytes");
            return Err(ChatError::new(codes::BROKEN, problem));
        }
        event
    }
}

/// A time that no clock has is as good as never.
fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or(now + NEVER)
}

#[cfg(test)]
mod tests {
    use portcullis_contract::chat::Delta;

    use super::*;
    use crate::provider::{Scripted, Turn, collect};

    const LIMITS: AnswerLimits = AnswerLimits {
        total: Duration::from_secs(60),
        idle: Duration::from_secs(10),
        bytes: 1000,
    };

    async fn end_of(turn: Turn) -> (Duration, ChatError) {
        let begin = Instant::now();
        let provider = Bounded::new(Arc::new(Scripted::new([turn])), LIMITS);
        let answered = match provider.chat(ChatRequest::default()).await {
            Ok(answer) => collect(answer).await,
            Err(error) => Err(error),
        };
        (begin.elapsed(), answered.unwrap_err())
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_falls_silent_is_unavailable_after_the_idle_time() {
        for turn in [Turn::new().hang(), Turn::new().text("Hello").hang()] {
            let (took, error) = end_of(turn).await;
            assert_eq!(
                (took.as_secs(), error.code.as_str()),
                (10, codes::UNAVAILABLE)
            );
            assert!(
                error.retryable && error.message.contains("said nothing for 10s"),
                "{error}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_streams_for_ever_ends_at_the_total_time() {
        let drop = Delta::Text("x".to_owned());
        let (took, error) = end_of(Turn::new().endless(drop, Duration::from_secs(9))).await;
        assert_eq!(
            (took.as_secs(), error.code.as_str()),
            (60, codes::UNAVAILABLE)
        );
        assert!(error.message.contains("longer than 60s"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_streams_without_a_pause_ends_at_the_bytes() {
        for drop in ["x", ""] {
            let flood = Turn::new().endless(Delta::Text(drop.to_owned()), Duration::ZERO);
            let (took, error) = end_of(flood).await;
            assert_eq!((took.as_secs(), error.code.as_str()), (0, codes::BROKEN));
            assert!(
                error.message.contains("longer than 1000 bytes") && !error.retryable,
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn limits_that_no_clock_has_are_none() {
        let limits = AnswerLimits {
            total: Duration::MAX,
            idle: Duration::MAX,
            bytes: u64::MAX,
        };
        let provider = Bounded::new(Arc::new(Scripted::new([Turn::new().text("Hello")])), limits);
        let answer = provider.chat(ChatRequest::default()).await.unwrap();
        assert_eq!(collect(answer).await.unwrap().0.text(), "Hello");
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_wrong_in_the_middle_is_passed_on() {
        let own = ChatError::rate_limited("slow down", Some(7));
        let (_, error) = end_of(Turn::new().text("Hel").fail(own.clone())).await;
        assert_eq!(error, own);
        let (_, error) = end_of(Turn::new().text("Hel").break_off()).await;
        assert_eq!(error.code, codes::BROKEN);
    }
}
