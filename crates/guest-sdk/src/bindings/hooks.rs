//! The export for plugins with hooks.

use self::exports::portcullis::hook::hooks::Guest;
use self::portcullis::hook::hook_types::{
    Action, Event, HookError, Mode, Outcome, Subscription, Verdict,
};
use super::Plugin;
use crate::{hook, rt};

wit_bindgen::generate!({
    world: "portcullis:plugin/hook-plugin",
    path: "wit",
    generate_all,
    type_section_suffix: "hooks",
});

export!(Plugin);

impl Guest for Plugin {
    fn list_hooks() -> Vec<Subscription> {
        rt::subscriptions().into_iter().map(Into::into).collect()
    }

    async fn on_event(name: String, event: Event) -> Result<Outcome, HookError> {
        match rt::on_event(&name, event.payload).await {
            Ok(outcome) => Ok(outcome.into()),
            Err(error) => Err(HookError {
                code: error.code,
                message: error.message,
            }),
        }
    }
}

impl From<hook::Subscription> for Subscription {
    fn from(subscription: hook::Subscription) -> Self {
        Self {
            point: subscription.point.to_owned(),
            name: subscription.name.to_owned(),
            mode: match subscription.mode {
                hook::Mode::Observe => Mode::Observe,
                hook::Mode::Modify => Mode::Modify,
                hook::Mode::Gate => Mode::Gate,
            },
            phase: subscription.phase.to_string(),
            priority: subscription.priority,
        }
    }
}

impl From<rt::Outcome> for Outcome {
    fn from(outcome: rt::Outcome) -> Self {
        let actions = outcome.actions.iter().map(|action| {
            let (kind, payload) = action.to_wire();
            Action { kind, payload }
        });
        Self {
            verdict: match outcome.verdict {
                hook::Verdict::Proceed => Verdict::Proceed,
                hook::Verdict::Replace(payload) => Verdict::Replace(payload),
                hook::Verdict::Cancel(reason) => Verdict::Cancel(reason),
            },
            actions: actions.collect(),
        }
    }
}
