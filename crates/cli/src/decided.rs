//! What the host decided while a command's calls ran, and what an operator is told of it.

use crate::args::Format;
use crate::escape;
use crate::output;
use portcullis_host_core::{Capability, Decision, Denial, Plugin, Remedy, Request};
use portcullis_host_policy::capability::HttpRule;
use portcullis_host_policy::{SlotError, Slots};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Most different decisions that are kept; a plugin may ask for something new with every request.
const KEPT: usize = 1000;

/// What was decided, each decision once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decided(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    used: Vec<Capability>,
    denials: Vec<Denial>,
}

impl Decided {
    /// Takes one decision.
    pub(crate) fn take(&self, request: Option<&Request>, decision: &Decision) {
        let mut seen = self.seen();
        match decision {
            Decision::Allow(rule) => add(&mut seen.used, needed(request, rule)),
            Decision::Deny(denial) => add(&mut seen.denials, (**denial).clone()),
        }
    }

    /// The narrowest capabilities that cover what was allowed.
    pub(crate) fn used(&self) -> Vec<Capability> {
        self.seen().used.clone()
    }

    /// What was denied.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.seen().denials.clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if all.len() < KEPT && !all.contains(&one) {
        all.push(one);
    }
}

/// As narrow as the request, with the network that the rule opens to it. A lookup is as wide as its rule.
fn needed(request: Option<&Request>, rule: &Capability) -> Capability {
    let narrow = request.and_then(Request::capability);
    let mut needed = narrow.unwrap_or_else(|| rule.clone());
    if let (Capability::Http(HttpRule::Origin(needed)), Capability::Http(HttpRule::Origin(rule))) =
        (&mut needed, rule)
    {
        needed.within = rule.within;
    }
    needed
}

/// A denial with what its plugin's manifest asks for that would cover it: an operator may want to allow all of that.
#[derive(Debug)]
pub(crate) struct Refused {
    denial: Denial,
    asked_for: Option<Capability>,
}

impl Refused {
    pub(crate) fn all(denials: Vec<Denial>, plugin: &Plugin) -> Vec<Self> {
        let asked = |denial: &Denial| {
            let manifest = plugin.manifest()?;
            denial.remedies.iter().find_map(|remedy| match remedy {
                Remedy::Allow(narrow) => {
                    let wider = |rule: &&Capability| *rule != narrow && rule.covers(narrow);
                    manifest.capabilities.request.iter().find(wider).cloned()
                }
                _ => None,
            })
        };
        let refused = denials.into_iter().map(|denial| Self {
            asked_for: asked(&denial),
            denial,
        });
        refused.collect()
    }

    pub(crate) fn as_json(&self) -> Value {
        let mut object = denial(&self.denial);
        if let Some(rule) = &self.asked_for {
            object["asksFor"] = allow(rule).into();
        }
        object
    }

    /// What was denied and why, then what would help, in lines to copy.
    pub(crate) fn as_text(&self) -> String {
        let Denial { code, reason, .. } = &self.denial;
        let mut text = format!("denied ({code}): {}", escape::line(reason));
        for remedy in &self.denial.remedies {
            text += &format!("\n  {}", escape::line(&remedy.to_string()));
        }
        if let Some(rule) = &self.asked_for {
            let rule = escape::line(&allow(rule));
            text += &format!("\n  or all that its manifest asks for there: {rule}");
        }
        text
    }
}

/// What the manifest asks for and the grant does not give, of a kind whose use nobody decides on: without the grant,
/// there is no folder and no variable to ask for.
pub(crate) fn silently_lost(plugin: &Plugin) -> Vec<Capability> {
    let lost = plugin.grants().lost().into_iter();
    let silent = |capability: &Capability| {
        matches!(
            capability,
            Capability::Fs(_) | Capability::Env(_) | Capability::Args | Capability::Stdin
        )
    };
    lost.map(|lost| lost.capability).filter(silent).collect()
}

/// Tells of what was denied to a call that went on and ended well.
pub(crate) fn note(refused: &[Refused], format: Format) {
    for refused in refused {
        match format {
            Format::Text => output::note(&refused.as_text()),
            Format::Json => {
                let object = json!({ "denied": refused.as_json() });
                output::note(&escape::json(&object.to_string()));
            }
        }
    }
}

/// A denial as an object.
pub(crate) fn denial(denial: &Denial) -> Value {
    let remedies = denial.remedies.iter().map(ToString::to_string);
    json!({
        "code": denial.code.as_str(),
        "reason": denial.reason,
        "remedies": remedies.collect::<Vec<_>>(),
    })
}

/// The options that grant a capability, with the one that fills its slot.
pub(crate) fn allow(capability: &Capability) -> String {
    let allow = Remedy::Allow(capability.clone()).to_string();
    match Slots::default().fill(capability) {
        Err(SlotError::Unbound { slot, .. }) => format!("{allow} --bind {slot}=VALUE"),
        _ => allow,
    }
}
