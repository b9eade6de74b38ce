//! What plugins say of their resources, on the way to whoever subscribed.

use std::sync::Arc;

use portcullis_host_agent::core::{PluginId, ResourceUpdates};
use tokio::sync::broadcast;

/// How many changes wait for a session that is slow. It is told of everything that it subscribed to where it misses some.
const WAITING: usize = 256;

/// One change.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) plugin: PluginId,
    pub(crate) uri: Arc<str>,
}

/// Takes changes from guests and hands them to all sessions, which know who is subscribed.
#[derive(Debug)]
pub(crate) struct Updates(broadcast::Sender<Update>);

impl Default for Updates {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

impl Updates {
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Update> {
        self.0.subscribe()
    }
}

impl ResourceUpdates for Updates {
    fn changed(&self, plugin: &PluginId, uri: &str) {
        let (plugin, uri) = (plugin.clone(), uri.into());
        // Without sessions there is nobody to tell.
        let _ = self.0.send(Update { plugin, uri });
    }
}
