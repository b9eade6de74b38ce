//! What the person allows a plugin beyond what its operator granted: only what the operator said may be asked for, and only for this
//! session. It is kept in memory alone, since clients are often driven by models.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use portcullis_host_agent::core::{
    AskAnswer, Capability, Denial, Identity, Plugin, PluginId, Remedy,
};
use portcullis_host_agent::escape;
use serde_json::json;

use super::ask::ClientAsk;

/// Most capabilities that one question is about: what a person can weigh at once.
const AT_ONCE: usize = 10;

/// Most that one session allows.
const ALLOWED: usize = 100;

/// What one person allowed in one session.
#[derive(Default)]
pub(super) struct Consent(Mutex<Vec<Allowed>>);

struct Allowed {
    plugin: PluginId,
    /// Another plugin of that id has to ask anew.
    identity: Identity,
    capability: Capability,
    lasts: Lasts,
}

/// For how long something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasts {
    /// For the plugin's next call.
    Once,
    /// For the rest of the session.
    Session,
}

impl Consent {
    /// What is allowed to a call of a plugin. What was allowed once is used up by it.
    pub(super) fn take(&self, plugin: &Plugin) -> Vec<Capability> {
        let mut allowed = self.allowed();
        if allowed.is_empty() {
            return Vec::new();
        }
        let own = |one: &Allowed| one.plugin == *plugin.id() && one.identity == plugin.identity();
        let of_this = allowed.iter().filter(|one| own(one));
        let taken = of_this.map(|one| one.capability.clone()).collect();
        allowed.retain(|one| !(own(one) && one.lasts == Lasts::Once));
        taken
    }

    fn keep(&self, plugin: &Plugin, capabilities: Vec<Capability>, lasts: Lasts) {
        let mut allowed = self.allowed();
        for capability in capabilities {
            if allowed.len() == ALLOWED {
                allowed.remove(0);
            }
            allowed.push(Allowed {
                plugin: plugin.id().clone(),
                identity: plugin.identity(),
                capability,
                lasts,
            });
        }
    }

    /// Asks for what was denied to a call, if its operator said that the person may be asked for all of it. None where they were not
    /// asked, or said no.
    pub(super) async fn ask(
        &self,
        client: &ClientAsk,
        plugin: &Plugin,
        denials: &[Denial],
    ) -> Option<Lasts> {
        let wanted = wanted(denials)?;
        let may_ask = |capability| plugin.grant().may_ask(capability);
        if wanted.len() > AT_ONCE || !wanted.iter().all(may_ask) {
            return None;
        }
        let choice = json!({
            "type": "string",
            "title": "Allow it?",
            "enum": ["once", "session", "no"],
            "enumNames": ["For its next call", "Until this session ends", "No"],
        });
        let schema = json!({
            "type": "object",
            "properties": { "allow": choice },
            "required": ["allow"],
        });
        let schema = serde_json::from_value(schema).ok()?;
        let answer = client
            .elicit(question(plugin, &wanted), schema)
            .await
            .ok()?;
        let AskAnswer::Accepted(answer) = answer else {
            return None;
        };
        let lasts = match answer["allow"].as_str()? {
            "once" => Lasts::Once,
            "session" => Lasts::Session,
            _ => return None,
        };
        self.keep(plugin, wanted, lasts);
        Some(lasts)
    }

    fn allowed(&self) -> MutexGuard<'_, Vec<Allowed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What would have to be granted; none where that would not be enough.
fn wanted(denials: &[Denial]) -> Option<Vec<Capability>> {
    let mut wanted = Vec::new();
    for remedy in denials.iter().flat_map(|denial| &denial.remedies) {
        match remedy {
            Remedy::Allow(capability) if wanted.contains(capability) => {}
            Remedy::Allow(capability) => wanted.push(capability.clone()),
            _ => return None,
        }
    }
    (!wanted.is_empty()).then_some(wanted)
}

fn question(plugin: &Plugin, wanted: &[Capability]) -> String {
    let mut text = format!("The plugin {} asks to be allowed:", plugin.id());
    for capability in wanted {
        let words = escape::line(&capability.words().to_string());
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n- {words} ({})",
            escape::line(&capability.to_string())
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_host_agent::core::DenyCode;

    #[test]
    fn only_what_a_grant_alone_would_help_is_asked_for() {
        let capability = |text: &str| text.parse::<Capability>().unwrap();
        let denial = |remedies: Vec<Remedy>| {
            let mut denial = Denial::new(DenyCode::NotGranted, "no");
            denial.remedies = remedies;
            denial
        };
        let state = || Remedy::Allow(capability("state"));
        let both = [denial(vec![state()]), denial(vec![state()])];
        assert_eq!(wanted(&both), Some(vec![capability("state")]));
        let more = denial(vec![state(), Remedy::Request(capability("state"))]);
        assert_eq!(wanted(&[more]), None);
        assert_eq!(wanted(&[denial(vec![])]), None);
    }
}
