//! What a call brings along in the place of what the host has.

use std::sync::Arc;

use super::Services;
use crate::log::{LogLine, LogSink};
use crate::plugin::PluginInner;
use crate::state::State;

/// What a call was given for itself and the calls that it leads to.
pub(crate) struct Brought {
    pub(super) services: Services,
    /// As it was given, for the calls that this one leads to: what each plugin may not say is its own.
    pub(super) log: Option<Arc<dyn LogSink>>,
    /// The plugin's lines for the host and for that sink, without values of secrets.
    lines: Option<Arc<dyn LogSink>>,
}

impl Brought {
    /// None where nothing was given, as in most calls.
    pub(crate) fn new(
        plugin: &PluginInner,
        services: Services,
        log: Option<Arc<dyn LogSink>>,
    ) -> Option<Arc<Self>> {
        if log.is_none() && services.is_empty() {
            return None;
        }
        let lines = log.clone().map(|log| {
            let both = Both(Arc::clone(&plugin.host.log), log);
            plugin.owner.access.vault.log(Arc::new(both))
        });
        Some(Arc::new(Self {
            services,
            log,
            lines,
        }))
    }

    /// Where the plugin's lines go in this call, if somewhere else than otherwise.
    pub(crate) fn lines(&self) -> Option<&Arc<dyn LogSink>> {
        self.lines.as_ref()
    }
}

impl State {
    /// A service as this call has it: its own, or else the host's.
    pub(super) fn service<T: ?Sized>(
        &self,
        of: impl Fn(&Services) -> &Option<Arc<T>>,
    ) -> Option<Arc<T>> {
        let own = self.call.brought.as_ref();
        let own = own.and_then(|brought| of(&brought.services).clone());
        own.or_else(|| of(&self.owner.services).clone())
    }
}

struct Both(Arc<dyn LogSink>, Arc<dyn LogSink>);

impl LogSink for Both {
    fn log(&self, line: LogLine) {
        self.0.log(line.clone());
        self.1.log(line);
    }
}
