//! A plugin's model providers.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo};
use portcullis_host_core::{CallOptions, Chain, Plugin};

use super::{ChatProvider, ChatStream, allow_extra};

/// How long one answer may take. A model that thinks takes minutes; the deadline of ordinary calls is for tools.
pub const ANSWER_TIME: Duration = Duration::from_secs(600);

/// How long a provider may take to say which models it has: one request over the network.
const MODELS_TIME: Duration = Duration::from_secs(30);

tokio::task_local! {
    /// The calls that led to a request, where a plugin makes it.
    static CHAIN: Chain;
}

/// Begins an answer for a plugin, whose calls led here: a provider that is a plugin has their deadline and permit, and can't be one
/// of those that wait for it.
pub(crate) async fn in_chain<F: Future>(chain: Chain, asking: F) -> F::Output {
    CHAIN.scope(chain, asking).await
}

fn chain() -> Option<Chain> {
    CHAIN.try_with(Clone::clone).ok()
}

/// One provider of a plugin, which answers in its sandbox.
#[derive(Clone, Debug)]
pub struct PluginProvider {
    plugin: Plugin,
    name: String,
    extra: BTreeSet<String>,
}

impl PluginProvider {
    /// All providers of a plugin, with their names. `extra` are the provider-specific settings that may pass to them.
    pub fn all<'a>(
        plugin: &'a Plugin,
        extra: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = (&'a str, Self)> {
        plugin.providers().iter().map(|provider| {
            let own = Self {
                plugin: plugin.clone(),
                name: provider.name.clone(),
                extra: extra.clone(),
            };
            (provider.name.as_str(), own)
        })
    }
}

#[async_trait]
impl ChatProvider for PluginProvider {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let options = CallOptions {
            timeout: Some(MODELS_TIME),
            chain: chain(),
            ..CallOptions::default()
        };
        Ok(self.plugin.models(&self.name, options).await?)
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        allow_extra(&request, &self.extra)?;
        let options = CallOptions {
            timeout: Some(ANSWER_TIME),
            chain: chain(),
            ..CallOptions::default()
        };
        Ok(self.plugin.chat(&self.name, request, options).await?)
    }
}
