//! The providers that there are, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use portcullis_contract::chat::{ChatError, codes};
use portcullis_host_core::PluginId;

use super::{AnswerLimits, Bounded, ChatProvider};
use portcullis_host_policy::nearest;

use crate::nearest::hint;

/// Longest name of a provider, without its plugin's, in bytes: it stands in configuration, and in a list on a terminal.
pub const MAX_NAME: usize = 64;

const RULE: &str = "a name is made of lower-case letters, digits, `-`, `_` and `.`, a letter or a digit first, at most 64";

/// A provider's name that can't be used. The others are there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderNameError {
    /// It does not fit the rule.
    #[error("{name:?} is no name of a provider: {RULE}")]
    Bad {
        /// The name, with its plugin's.
        name: String,
    },
    /// An earlier one has it.
    #[error("two providers are called {name:?}: the first is used, rename the other")]
    Taken {
        /// The name, with its plugin's.
        name: String,
    },
}

/// No provider is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no provider is called {name:?}{}", hint(nearest.as_deref()))]
pub struct UnknownProvider {
    /// What was asked for.
    pub name: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl From<UnknownProvider> for ChatError {
    fn from(unknown: UnknownProvider) -> Self {
        Self::new(codes::NOT_FOUND, unknown.to_string())
    }
}

type Named = BTreeMap<String, Arc<dyn ChatProvider>>;

/// A set of providers, which does not change: native ones by their plain name, plugins' by `PLUGIN/NAME`.
#[derive(Clone, Default)]
pub struct Providers {
    native: Named,
    plugins: Named,
}

impl Providers {
    /// Begins a set.
    pub fn builder() -> ProvidersBuilder {
        ProvidersBuilder::default()
    }

    /// The provider of this name: a native one first, then a plugin's.
    ///
    /// # Errors
    /// Where there is none.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn ChatProvider>, UnknownProvider> {
        let found = self.native.get(name).or_else(|| self.plugins.get(name));
        found.ok_or_else(|| UnknownProvider {
            name: name.to_owned(),
            nearest: nearest(name, self.names()).map(str::to_owned),
        })
    }

    /// All names: native ones first, each kind in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let all = self.native.keys().chain(self.plugins.keys());
        all.map(String::as_str)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Puts a set together. Cloned, it serves again when plugins change.
#[derive(Clone, Default)]
pub struct ProvidersBuilder {
    limits: AnswerLimits,
    native: Vec<(String, Arc<dyn ChatProvider>)>,
    plugins: Vec<(PluginId, String, Arc<dyn ChatProvider>)>,
}

impl ProvidersBuilder {
    /// What every provider of the set is [`Bounded`] by; the default limits unless set.
    #[must_use]
    pub fn limits(mut self, limits: AnswerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds the agent's own provider.
    #[must_use]
    pub fn native(mut self, name: &str, provider: Arc<dyn ChatProvider>) -> Self {
        self.native.push((name.to_owned(), provider));
        self
    }

    /// Adds a plugin's provider.
    #[must_use]
    pub fn plugin(mut self, id: &PluginId, name: &str, provider: Arc<dyn ChatProvider>) -> Self {
        self.plugins.push((id.clone(), name.to_owned(), provider));
        self
    }

    /// The set, and what is not in it: log or show the errors.
    #[must_use = "the errors name providers that are not in the set"]
    pub fn build(self) -> (Providers, Vec<ProviderNameError>) {
        let mut providers = Providers::default();
        let mut errors = Vec::new();
        let bound = |provider| Arc::new(Bounded::new(provider, self.limits));
        for (name, provider) in self.native {
            let full = name.clone();
            errors.extend(put(&mut providers.native, &name, full, bound(provider)).err());
        }
        for (id, name, provider) in self.plugins {
            let full = format!("{id}/{name}");
            errors.extend(put(&mut providers.plugins, &name, full, bound(provider)).err());
        }
        (providers, errors)
    }
}

fn put(
    named: &mut Named,
    name: &str,
    full: String,
    provider: Arc<dyn ChatProvider>,
) -> Result<(), ProviderNameError> {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(first)
        && name
            .bytes()
            .all(|byte| first(byte) || b"-_.".contains(&byte));
    if !fits {
        return Err(ProviderNameError::Bad { name: full });
    }
    if named.contains_key(&full) {
        return Err(ProviderNameError::Taken { name: full });
    }
    named.insert(full, provider);
    Ok(())
}

#[cfg(test)]
mod tests {
    use portcullis_contract::chat::ChatRequest;

    use super::*;
    use crate::provider::{Scripted, Turn, collect};

    fn saying(text: &str) -> Arc<dyn ChatProvider> {
        Arc::new(Scripted::new([Turn::new().text(text)]))
    }

    async fn said(providers: &Providers, name: &str) -> String {
        let answer = providers
            .get(name)
            .unwrap()
            .chat(ChatRequest::default())
            .await;
        collect(answer.unwrap()).await.unwrap().0.text()
    }

    fn id(text: &str) -> PluginId {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn native_and_plugins_providers_are_found_by_name() {
        let (providers, errors) = Providers::builder()
            .plugin(&id("org.example.models"), "openai", saying("plugin"))
            .native("openai", saying("native"))
            .build();
        assert_eq!(errors, []);
        let names: Vec<_> = providers.names().collect();
        assert_eq!(names, ["openai", "org.example.models/openai"]);
        assert_eq!(said(&providers, "openai").await, "native");
        assert_eq!(
            said(&providers, "org.example.models/openai").await,
            "plugin"
        );
    }

    #[tokio::test]
    async fn a_bad_or_taken_name_is_told_and_leaves_the_others_usable() {
        let plugin = id("org.example.models");
        let (providers, errors) = Providers::builder()
            .native("openai", saying("first"))
            .native("openai", saying("second"))
            .native("org.example.models/fast", saying("posing"))
            .plugin(&plugin, "", saying("nameless"))
            .plugin(&plugin, "a\u{202e}b", saying("hidden"))
            .plugin(&plugin, "fast", saying("fast"))
            .plugin(&plugin, "fast", saying("again"))
            .build();
        let bad = |name: &str| ProviderNameError::Bad {
            name: name.to_owned(),
        };
        let taken = |name: &str| ProviderNameError::Taken {
            name: name.to_owned(),
        };
        assert_eq!(
            errors,
            [
                taken("openai"),
                bad("org.example.models/fast"),
                bad("org.example.models/"),
                bad("org.example.models/a\u{202e}b"),
                taken("org.example.models/fast"),
            ]
        );
        assert!(errors[3].to_string().contains(r"a\u{202e}b"));
        assert_eq!(said(&providers, "openai").await, "first");
        assert_eq!(said(&providers, "org.example.models/fast").await, "fast");
    }

    #[test]
    fn an_unknown_provider_is_told_with_the_nearest_name() {
        let (providers, _) = Providers::builder().native("openai", saying("")).build();
        let error = providers.get("opnai").err().unwrap();
        assert_eq!(error.nearest.as_deref(), Some("openai"));
        let error = ChatError::from(error);
        assert_eq!(error.code, codes::NOT_FOUND);
        assert!(
            error.message.contains("did you mean \"openai\"?"),
            "{error}"
        );
        assert_eq!(providers.get("scripted").err().unwrap().nearest, None);
    }
}
