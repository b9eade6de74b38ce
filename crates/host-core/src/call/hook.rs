//! Events that are handed to a plugin's handlers of hooks.

use std::pin::pin;
use std::sync::Arc;

use portcullis_contract::{Action, ActionError};
use serde_json::Value;

use super::run::Work;
use super::{CallOptions, admit};
use crate::bindings::v0_1::portcullis::hook::hook_types as wit;
use crate::error::Error;
use crate::instance::Instance;
use crate::plugin::{Plugin, PluginInner};
use crate::telemetry::{self, CallWatch, What, names};

/// What a handler judges.
#[derive(Clone, Debug, PartialEq)]
pub enum HookVerdict {
    /// Go on as it is.
    Proceed,
    /// The whole new payload, which nobody has checked yet.
    Replace(Value),
    /// Stop, for a reason. Written by the plugin: escape it for a terminal.
    Cancel(String),
}

/// What a handler answers.
#[derive(Clone, Debug, PartialEq)]
pub struct HookAnswer {
    /// Its judgement.
    pub verdict: HookVerdict,
    /// What it wants done besides, none of it checked against grants; what can't be read says why.
    pub actions: Vec<Result<Action, ActionError>>,
}

/// The most actions that one event gives rise to: a handler has a few, a flood is cut off.
const MOST_ACTIONS: usize = 32;

impl Plugin {
    /// Hands an event of the point `point` to the handler called `hook`. `id` names the event, for all of its handlers the same.
    ///
    /// The payload is what the handler may see of it: nothing is left out here. Dropping the future ends the call.
    ///
    /// # Errors
    /// [`Error::Hook`] for the handler's own, [`Error::UnknownHook`], and the other call kinds of [`Error`].
    pub async fn on_event(
        &self,
        hook: &str,
        id: &str,
        payload: &Value,
        mut options: CallOptions,
    ) -> Result<HookAnswer, Error> {
        let plugin = &self.inner;
        let call_id: Arc<str> = plugin.host.next_call_id().into();
        let mut watch =
            CallWatch::begin(plugin, &call_id, What::Hook(hook), options.trace.as_ref());
        options.trace = watch.trace(options.trace);
        let begun = watch.in_scope(|| {
            let event = event(plugin, hook, id, payload)?;
            Ok((
                admit(plugin, call_id, format!("hook {hook}").into(), options)?,
                event,
            ))
        });
        let (admitted, event) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                watch.failed(&error);
                return Err(error);
            }
        };
        let limit = admitted.call.limits.output_bytes;
        let work = HookWork {
            name: hook.to_owned(),
            event,
        };
        let answered = pin!(async {
            match admitted.run(plugin, work).await?.answer {
                Ok(outcome) => answer(outcome, limit),
                Err(wit::HookError { code, message }) => Err(Error::Hook { code, message }),
            }
        });
        watch.around(answered).await
    }
}

fn event(plugin: &PluginInner, hook: &str, id: &str, payload: &Value) -> Result<wit::Event, Error> {
    let hooks = &plugin.definitions.hooks;
    let Some(known) = hooks.iter().find(|known| known.name == hook) else {
        return Err(Error::UnknownHook {
            hook: hook.to_owned(),
        });
    };
    let payload = serde_json::to_string(payload).map_err(Error::host)?;
    // It may be a whole conversation, which is as long as what flows in pieces.
    let allowed = plugin.limits.call.stream_bytes;
    if payload.len() as u64 > allowed {
        return Err(Error::LimitExceeded {
            limit: "bytes of an event's payload",
            allowed,
        });
    }
    telemetry::note(names::BYTES_IN, payload.len() as u64);
    Ok(wit::Event {
        point: known.point.clone(),
        id: id.to_owned(),
        payload,
    })
}

fn answer(outcome: wit::Outcome, limit: u64) -> Result<HookAnswer, Error> {
    let wit::Outcome { verdict, actions } = outcome;
    let said = match &verdict {
        wit::Verdict::Proceed => 0,
        wit::Verdict::Replace(text) | wit::Verdict::Cancel(text) => text.len(),
    };
    let asked = actions.iter().map(|one| one.kind.len() + one.payload.len());
    let bytes = (said + asked.sum::<usize>()) as u64;
    if bytes > limit {
        return Err(Error::OutputTooLarge { limit });
    }
    if actions.len() > MOST_ACTIONS {
        return Err(Error::LimitExceeded {
            limit: "actions of an event",
            allowed: MOST_ACTIONS as u64,
        });
    }
    telemetry::note(names::BYTES_OUT, bytes);
    let verdict = match verdict {
        wit::Verdict::Proceed => HookVerdict::Proceed,
        wit::Verdict::Cancel(reason) => HookVerdict::Cancel(reason),
        wit::Verdict::Replace(text) => {
            let payload = serde_json::from_str(&text).map_err(|error| Error::BrokenContract {
                problem: format!("its new payload is no JSON: {error}"),
            })?;
            HookVerdict::Replace(payload)
        }
    };
    let actions = actions.iter();
    Ok(HookAnswer {
        verdict,
        actions: actions
            .map(|one| Action::from_wire(&one.kind, &one.payload))
            .collect(),
    })
}

struct HookWork {
    name: String,
    event: wit::Event,
}

impl Work for HookWork {
    type Answer = Result<wit::Outcome, wit::HookError>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        instance.on_event(self.name, self.event).await
    }
}
