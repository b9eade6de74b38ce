//! Trying again, and then somewhere else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo};
use portcullis_host_policy::escape;

use super::{ChatProvider, ChatStream, complete};

/// How often one provider is asked: a hiccup is over by then, and what is not is no hiccup.
const TRIES: u32 = 3;

/// The wait before the second try, at most: about as long as a restart behind a load balancer.
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The longest wait: a person who waits for the answer has not gone yet.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How a provider is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often one provider is asked at most, the first time included. 3; none is taken for one.
    pub tries: u32,
    /// The longest wait before the second try; twice that before the third, and so on. A random part of it is waited, so that
    /// many who failed together do not come back together. Half a second.
    pub first_delay: Duration,
    /// What that grows to at most, and the longest `retry_after_ms` that is waited for: where a provider asks for more, the
    /// next is asked at once. 30 seconds.
    pub longest_delay: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: TRIES,
            first_delay: FIRST_DELAY,
            longest_delay: LONGEST_DELAY,
        }
    }
}

impl Retry {
    /// How long to wait after so many tries; nothing where there is no other.
    fn delay(&self, tries: u32, error: &ChatError) -> Option<Duration> {
        let asked_for = Duration::from_millis(error.retry_after_ms.unwrap_or(0));
        if !error.retryable || tries >= self.tries || asked_for > self.longest_delay {
            return None;
        }
        let grown = self
            .first_delay
            .saturating_mul(2_u32.saturating_pow(tries - 1));
        let part = grown.min(self.longest_delay).mul_f64(fastrand::f64());
        Some(asked_for.saturating_add(part))
    }
}

/// One of the providers that [`Resilient`] asks.
#[derive(Clone)]
pub struct Candidate {
    name: String,
    provider: Arc<dyn ChatProvider>,
    model: Option<String>,
}

impl Candidate {
    /// A provider, with the name that logs and errors have it by.
    pub fn new(name: &str, provider: Arc<dyn ChatProvider>) -> Self {
        Self {
            name: name.to_owned(),
            provider,
            model: None,
        }
    }

    /// Asks it for this model, whatever the request says: another provider has models of its own.
    #[must_use]
    pub fn with_model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Asks for an answer up to its first piece: until then another try changes nothing that anybody has seen.
    async fn begin(&self, mut request: ChatRequest) -> Result<ChatStream, ChatError> {
        if let Some(model) = &self.model {
            request.model.clone_from(model);
        }
        let mut answer = complete(self.provider.chat(request).await?);
        match answer.next().await {
            Some(Err(error)) => Err(error),
            first => Ok(stream::iter(first).chain(answer).boxed()),
        }
    }
}

/// Asks one provider again, and then the next, while an error says that another try may help and nothing of an answer came
/// yet. An answer that began is not begun again: what goes wrong in it is passed on. It has no limits of its own: a provider
/// that hangs is not asked again unless it is [`Bounded`](super::Bounded), as those of a set are.
pub struct Resilient {
    candidates: Vec<Candidate>,
    retry: Retry,
}

type Failure<'a> = (&'a str, ChatError);

impl Resilient {
    /// Asks this provider.
    pub fn new(first: Candidate) -> Self {
        Self {
            candidates: vec![first],
            retry: Retry::default(),
        }
    }

    /// Falls over to this one where all before it failed.
    #[must_use]
    pub fn or(mut self, next: Candidate) -> Self {
        self.candidates.push(next);
        self
    }

    /// Tries like this instead of the default.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    async fn first_of<'a, T>(
        &'a self,
        ask: impl Fn(&'a Candidate) -> BoxFuture<'a, Result<T, ChatError>> + Send + Sync,
    ) -> Result<T, ChatError> {
        let mut failures: Vec<Failure<'_>> = Vec::new();
        for candidate in &self.candidates {
            match self.persist(candidate, &ask).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let is_final = !error.retryable;
                    failures.push((&candidate.name, error));
                    if is_final {
                        break;
                    }
                }
            }
        }
        Err(all_of(failures))
    }

    async fn persist<'a, T>(
        &self,
        candidate: &'a Candidate,
        ask: &(impl Fn(&'a Candidate) -> BoxFuture<'a, Result<T, ChatError>> + Send + Sync),
    ) -> Result<T, ChatError> {
        let mut tries = 0;
        loop {
            let error = match ask(candidate).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tries += 1;
            let provider = &candidate.name;
            let reason = escape::line(&error.to_string());
            let Some(delay) = self.retry.delay(tries, &error) else {
                tracing::warn!(provider, tries, reason, "a provider did not answer");
                return Err(error);
            };
            tracing::debug!(provider, tries, reason, ?delay, "a provider is asked again");
            tokio::time::sleep(delay).await;
        }
    }
}

/// The last error, which says what happened before as well.
fn all_of(mut failures: Vec<Failure<'_>>) -> ChatError {
    let messages: Vec<String> = failures
        .iter()
        .map(|(name, error)| format!("{name}: {error}"))
        .collect();
    let several = messages.len() > 1;
    let last = failures.pop().map(|(_, error)| error).unwrap_or_default();
    if !several {
        return last;
    }
    ChatError {
        message: format!("no provider answered: {}", messages.join("; ")),
        ..last
    }
}

#[async_trait]
impl ChatProvider for Resilient {
    /// The models of the first provider that tells them.
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        self.first_of(|candidate| candidate.provider.models()).await
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        self.first_of(|candidate| candidate.begin(request.clone()).boxed())
            .await
    }
}

#[cfg(test)]
mod tests;
