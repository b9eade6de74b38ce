//! A test host that comes to a plugin as an agent does.

use std::collections::BTreeMap;

use portcullis_contract::Action;
use portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, ModelInfo, ProviderDefinition,
};
use serde::Serialize;
use serde_json::Value;

use super::{Host, to_json};
use crate::error::ToolError;
use crate::hook::{Subscription, Verdict};
use crate::role::Role;
use crate::rt;

/// What a hook answered; see [`Host::on_event`].
#[derive(Clone, Debug, PartialEq)]
pub struct Handled {
    /// Its judgement, with a new payload as JSON.
    pub verdict: Verdict<Value>,
    /// What it wants done besides.
    pub actions: Vec<Action>,
}

/// What a provider answered; see [`Host::chat`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chatted {
    /// The pieces of its answer.
    pub deltas: Vec<Delta>,
    /// How the answer ended, or why there is none.
    pub finish: Result<Finish, ChatError>,
}

impl Chatted {
    /// The text of the answer.
    pub fn text(&self) -> String {
        let texts = self.deltas.iter().filter_map(|delta| match delta {
            Delta::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

impl Host {
    /// Tells an event to one hook, as an agent does that has granted it all it asks for. Payloads without content are made of the
    /// metadata's type.
    ///
    /// # Errors
    /// The hook's own; `invalid` or `denied`, if the payload does not decode, `not-found`, if there is no such hook.
    ///
    /// # Panics
    /// If `payload` has no JSON form.
    pub fn on_event(&self, hook: &str, payload: impl Serialize) -> Result<Handled, ToolError> {
        let outcome = self.block_on(rt::on_event(hook, to_json(payload)))?;
        let verdict = match outcome.verdict {
            Verdict::Proceed => Verdict::Proceed,
            Verdict::Cancel(reason) => Verdict::Cancel(reason),
            Verdict::Replace(payload) => {
                Verdict::Replace(serde_json::from_str(&payload).expect("a payload is JSON"))
            }
        };
        Ok(Handled {
            verdict,
            actions: outcome.actions,
        })
    }

    /// Asks one of the plugin's providers for its models.
    ///
    /// # Errors
    /// The provider's own; `not-found`, if there is no such provider.
    pub fn models(&self, provider: &str) -> Result<Vec<ModelInfo>, ChatError> {
        self.block_on(rt::models(provider))
    }

    /// Asks one of the plugin's providers, and collects its answer.
    pub fn chat(&self, provider: &str, request: ChatRequest) -> Chatted {
        let mut deltas = Vec::new();
        let finish = self.block_on(async {
            let answer = rt::chat(provider, request).await?;
            rt::drive(answer.deltas, answer.finish, async |batch| {
                deltas.extend(batch);
                true
            })
            .await
        });
        Chatted { deltas, finish }
    }
}

/// The plugin's hooks, by name, as a host gets to know them.
///
/// # Panics
/// If a host would refuse them: two hooks of one name.
pub fn hooks() -> Vec<Subscription> {
    rt::subscriptions()
}

/// The definitions of the plugin's providers, by name, as a host gets them.
///
/// # Panics
/// If a host would refuse them: two providers of one name.
pub fn providers() -> Vec<ProviderDefinition> {
    rt::providers()
}

/// The plugin's roles, by name.
///
/// # Panics
/// If a host would refuse them: two roles of one name.
pub fn roles() -> BTreeMap<String, Role> {
    rt::roles().into_iter().collect()
}
