//! A plugin of which only the subscriptions matter: `list-hooks` gives what the guest's `subscriptions()` says, and every
//! event may go on.

wit_bindgen::generate!({ path: "../../wit", world: "portcullis:plugin/hook-plugin", generate_all });

use exports::portcullis::hook::hooks::{Event, Guest, HookError, Outcome};
use portcullis::hook::hook_types::Verdict;

pub(crate) use portcullis::hook::hook_types::{Mode, Subscription};

/// A handler with nothing wrong but perhaps its point, its name or its mode.
pub(crate) fn subscription(point: &str, name: &str, mode: Mode) -> Subscription {
    Subscription {
        point: point.into(),
        name: name.into(),
        mode,
        phase: "policy".into(),
        priority: 0,
    }
}

struct Plugin;

impl Guest for Plugin {
    fn list_hooks() -> Vec<Subscription> {
        crate::subscriptions()
    }

    async fn on_event(_: String, _: Event) -> Result<Outcome, HookError> {
        Ok(Outcome {
            verdict: Verdict::Proceed,
            actions: Vec::new(),
        })
    }
}

export!(Plugin);
