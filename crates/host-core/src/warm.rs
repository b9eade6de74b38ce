//! Warm instances of a plugin that asked to be reused: a small pool, the last one used first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::PluginLimits;
use crate::instance::Instance;

/// An instance that waits for its next call, and on whose behalf its calls are made.
struct Idle {
    principal: Option<Arc<str>>,
    instance: Instance,
}

/// Instances that wait for their next call, the longest one first.
pub(crate) struct Warm {
    idle: Mutex<Vec<Idle>>,
    most: usize,
    calls: u64,
}

impl Warm {
    pub(crate) fn new(limits: &PluginLimits) -> Self {
        Self {
            idle: Mutex::default(),
            most: limits.warm_instances as usize,
            calls: limits.warm_calls,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops all that wait.
    pub(crate) fn clear(&self) {
        self.idle().clear();
    }

    /// An instance that is ready for this principal's calls, if there is one. No other's ever is.
    pub(crate) fn take(&self, principal: Option<&Arc<str>>) -> Option<Instance> {
        let mut idle = self.idle();
        let at = idle
            .iter()
            .rposition(|idle| idle.principal.as_ref() == principal)?;
        Some(idle.remove(at).instance)
    }

    /// Keeps an instance that answered, unless it has outgrown its limits or is worn out. Where there are enough, the one that
    /// waited longest makes room: it may be of a principal who does not come back.
    pub(crate) fn keep(&self, mut instance: Instance) {
        if instance.state().limiter.refused() || instance.calls() >= self.calls || self.most == 0 {
            return;
        }
        let principal = instance.state().call.principal.clone();
        let mut idle = self.idle();
        let gone = (idle.len() >= self.most).then(|| idle.remove(0));
        idle.push(Idle {
            principal,
            instance,
        });
        drop(idle);
        drop(gone);
    }
}
