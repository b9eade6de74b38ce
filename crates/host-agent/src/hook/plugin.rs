//! A plugin's handlers.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_core::{CallOptions, Capability, Decision, Error, HookVerdict, Plugin};
use portcullis_host_policy::decision::decide;
use portcullis_host_policy::request::Request;

use super::{
    Author, HookError, HookEvent, HookHandler, HookOutcome, Permits, Point, Subscription, Verdict,
};

/// What a plugin was granted, as it is at the moment.
pub(crate) struct PluginPermits(pub(crate) Plugin);

impl Permits for PluginPermits {
    fn permits(&self, capability: &Capability) -> bool {
        let request = Request::Use(capability.clone());
        matches!(decide(&self.0.grants(), &request), Decision::Allow(_))
    }
}

struct PluginHook {
    plugin: Plugin,
    name: String,
}

/// The subscriptions of a plugin. Whether each counts is for the [`HookTable`](super::HookTable) to say.
pub fn subscriptions(plugin: &Plugin) -> Vec<Subscription> {
    let permits: Arc<dyn Permits> = Arc::new(PluginPermits(plugin.clone()));
    let hooks = plugin.hooks().iter().filter_map(|hook| {
        Some(Subscription {
            author: Author::Plugin(plugin.id().clone()),
            name: hook.name.clone(),
            // The load has checked that there is one.
            point: Point::named(&hook.point)?,
            mode: hook.mode,
            phase: hook.phase,
            priority: hook.priority,
            deadline: None,
            permits: Some(Arc::clone(&permits)),
            handler: Arc::new(PluginHook {
                plugin: plugin.clone(),
                name: hook.name.clone(),
            }),
        })
    });
    hooks.collect()
}

#[async_trait]
impl HookHandler for PluginHook {
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        let options = CallOptions::default();
        let answer = self
            .plugin
            .on_event(&self.name, &event.id, &event.payload, options)
            .await?;
        let verdict = match answer.verdict {
            HookVerdict::Proceed => Verdict::Proceed,
            HookVerdict::Replace(payload) => Verdict::Replace(payload),
            HookVerdict::Cancel(reason) => Verdict::Cancel(reason),
        };
        let actions = answer.actions.into_iter();
        Ok(HookOutcome {
            verdict,
            actions: actions.map(|action| Ok(action?)).collect(),
        })
    }
}

impl From<Error> for HookError {
    fn from(error: Error) -> Self {
        match error {
            Error::Hook { code, message } => Self { code, message },
            other => Self {
                code: other.kind().to_string(),
                message: other.told(),
            },
        }
    }
}
