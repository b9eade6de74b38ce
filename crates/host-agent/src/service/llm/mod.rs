//! The model that a host has, for plugins that were granted `llm`: the configured provider, within a budget of tokens.

mod budget;
mod meter;
mod request;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use portcullis_contract::chat::{ChatError, ChatRequest, codes};
use portcullis_host_core::{ChatStream, Llm, ServiceCaller};

use self::budget::Budgets;
use self::meter::Meter;
use crate::provider::{ChatProvider, allow_extra, in_chain};

/// The tokens that a plugin may use in a minute: some ten questions with long documents, and never a surprising bill.
const BUDGET: NonZeroU64 = NonZeroU64::new(100_000).unwrap();

/// Serves the `llm` import by a provider.
///
/// A request without a model asks the default one. A plugin is held to a budget of tokens that it can use at once and that
/// fills up again over a minute; what the provider says of its usage counts, and an estimate where it says nothing.
pub struct ProviderLlm {
    provider: Arc<dyn ChatProvider>,
    default_model: String,
    extra: BTreeSet<String>,
    budgets: Arc<Budgets>,
}

impl ProviderLlm {
    /// Asks `provider`; `default_model` answers who names none. No key of a request's `extra` may pass.
    pub fn new(provider: Arc<dyn ChatProvider>, default_model: impl Into<String>) -> Self {
        Self {
            provider,
            default_model: default_model.into(),
            extra: BTreeSet::new(),
            budgets: Arc::new(Budgets::of(BUDGET)),
        }
    }

    /// The keys of a request's `extra` that may pass to the provider.
    #[must_use]
    pub fn extra_keys(self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            extra: keys.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// The tokens that each plugin may use in a minute, 100,000 unless set.
    #[must_use]
    pub fn tokens_per_minute(self, tokens: NonZeroU64) -> Self {
        Self {
            budgets: Arc::new(Budgets::of(tokens)),
            ..self
        }
    }
}

#[async_trait]
impl Llm for ProviderLlm {
    async fn chat(
        &self,
        caller: &ServiceCaller,
        mut request: ChatRequest,
    ) -> Result<ChatStream, ChatError> {
        let input = request::check(&request)?;
        allow_extra(&request, &self.extra)?;
        request::strip_provenance(&mut request);
        if request.model.is_empty() {
            request.model.clone_from(&self.default_model);
        }
        let mut meter = Meter::start(
            &self.budgets,
            caller.identity,
            input,
            request.max_output_tokens,
        )?;
        let answer = in_chain(caller.chain.clone(), self.provider.chat(request)).await;
        let answer = answer.map_err(|error| told(caller, error))?;
        let caller = caller.clone();
        let metered = answer.map(move |event| {
            meter.see(&event);
            event.map_err(|error| told(&caller, error))
        });
        Ok(metered.boxed())
    }
}

/// What the plugin is told of a provider's error: of the host's own credentials nothing, for a provider may quote them.
fn told(caller: &ServiceCaller, error: ChatError) -> ChatError {
    if error.code != codes::UNAUTHORIZED {
        return error;
    }
    tracing::warn!(
        plugin = %caller.plugin,
        call = %caller.call,
        message = portcullis_host_policy::escape::line(&error.message),
        "the provider of the host's model does not accept the host's credentials"
    );
    ChatError {
        message: "the provider of this host's model does not accept the host's credentials"
            .to_owned(),
        ..error
    }
}
