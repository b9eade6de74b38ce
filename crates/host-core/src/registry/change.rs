//! What embedders are told while plugins come and go.

use std::path::PathBuf;
use std::sync::Arc;

use portcullis_host_policy::trust::Hold;
use semver::Version;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::PluginId;
use crate::error::Error;
use crate::telemetry::Metrics;

/// Changes that wait for a slow subscriber; more are counted and told as [`Change::Missed`].
const WAITING: usize = 256;

/// Something that happened to the plugins of a [`Registry`](crate::Registry). It is told once it holds: the snapshot of
/// `generation` has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// A plugin can be called.
    Added {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Option<Version>,
        /// The first snapshot that has it.
        generation: u64,
    },
    /// Calls go to another version, other bytes or other settings from now on.
    Updated {
        /// The plugin.
        id: PluginId,
        /// What it was.
        from: Option<Version>,
        /// What it is.
        to: Option<Version>,
        /// The first snapshot that has it.
        generation: u64,
    },
    /// A plugin can't be called any more.
    Removed {
        /// The plugin.
        id: PluginId,
        /// The first snapshot without it.
        generation: u64,
    },
    /// What lies in the folder waits for a person. A version that was active stays.
    Held {
        /// The plugin.
        id: PluginId,
        /// Why.
        holds: Vec<Hold>,
        /// The snapshot that says so.
        generation: u64,
    },
    /// Something could not be loaded. A version that was active stays, unless what it was trusted by was taken back.
    Failed {
        /// The plugin, where that is known.
        id: Option<PluginId>,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: Arc<Error>,
        /// The snapshot that says so.
        generation: u64,
    },
    /// The subscriber was too slow: so many changes were not told. The snapshot has what came of them.
    Missed {
        /// How many.
        count: u64,
    },
}

impl Change {
    /// What happened, in a word.
    fn word(&self) -> &'static str {
        match self {
            Change::Added { .. } => "added",
            Change::Updated { .. } => "updated",
            Change::Removed { .. } => "removed",
            Change::Held { .. } => "held",
            Change::Failed { .. } => "failed",
            Change::Missed { .. } => "missed",
        }
    }
}

/// The changes from the moment of [`Host::subscribe`](crate::Host::subscribe) on.
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// The next change; none once the host and its registries are gone.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(count)) => Some(Change::Missed { count }),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Where a host's changes come from.
pub(crate) struct Announcer {
    sender: broadcast::Sender<Change>,
    metrics: Option<Arc<Metrics>>,
}

impl Announcer {
    pub(crate) fn new(metrics: Option<Arc<Metrics>>) -> Self {
        let (sender, _) = broadcast::channel(WAITING);
        Self { sender, metrics }
    }

    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.sender.subscribe())
    }

    /// Counts it, and tells who listens, if anybody does.
    pub(crate) fn tell(&self, change: Change) {
        if let Some(metrics) = &self.metrics {
            metrics.reload(change.word());
        }
        let _ = self.sender.send(change);
    }
}
