//! Warm instances of a plugin that asked to be reused: a small pool, the last one used first.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::PluginLimits;
use crate::instance::Instance;

/// Instances that wait for their next call.
pub(crate) struct Warm {
    idle: Mutex<Vec<Instance>>,
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

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops all that wait.
    pub(crate) fn clear(&self) {
        self.idle().clear();
    }

    /// An instance that is ready, if there is one.
    pub(crate) fn take(&self) -> Option<Instance> {
        self.idle().pop()
    }

    /// Keeps an instance that answered, unless it has outgrown its limits, is worn out, or there are enough.
    pub(crate) fn keep(&self, mut instance: Instance) {
        if instance.state().limiter.refused() || instance.calls() >= self.calls {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(instance);
        }
    }
}
