//! Plugins from folders: found, judged, loaded, and exchanged while the host runs.
//!
//! Three things are kept apart. What lies in the folders is found out by looking there ([`scan`]); events of the file system only
//! say when to look ([`watch`]). What a file is worth is settled for each by itself ([`settle`]): read once, judged, loaded in full.
//! What can be called is decided over all that is known ([`publish`]), put into a new [`Snapshot`], and told.

mod approve;
mod change;
mod dir;
mod facts;
mod publish;
mod refresh;
mod scan;
mod settle;
mod snapshot;
mod watch;
mod work;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_host_policy::config::PluginSettings;
use portcullis_host_policy::trust::TrustMode;
use serde_json::Value;

pub use approve::Pending;
pub(crate) use change::Announcer;
pub use change::{Change, Changes};
pub use dir::{PluginDir, Scope};
pub use snapshot::{Entry, Snapshot, Status};
pub use watch::Watch;

use self::work::{Settings, Work};
use crate::error::Error;
use crate::host::HostInner;
use crate::trust::TrustFolder;
use crate::{CallOptions, PluginId, ToolOutput};

/// How often a watched registry looks by itself, where nothing else is said.
const POLL: Duration = Duration::from_secs(5);

/// Where plugins come from, and by what they are trusted.
#[derive(Clone)]
pub struct RegistryOptions {
    /// The folders, the first before the others: of one id, the plugin in the first folder that has one is taken.
    pub dirs: Vec<PluginDir>,
    /// Whose signatures count, and what was approved.
    pub trust: TrustFolder,
    /// What signatures are worth.
    pub signatures: TrustMode,
    /// What the operator says of single plugins. Of others, nothing: they are loaded, and granted nothing.
    pub plugins: BTreeMap<PluginId, PluginSettings>,
    /// How often a [`Watch`] looks by itself, beside what the file system tells it: for folders that come and go, for links,
    /// and for file systems that tell nothing.
    pub poll: Duration,
    /// Called while many files are read and loaded: hand it on, don't wait.
    pub on_progress: Option<Arc<dyn Fn(LoadProgress) + Send + Sync>>,
}

impl RegistryOptions {
    /// Plugins in `dirs`, with signatures required.
    pub fn new(dirs: Vec<PluginDir>, trust: TrustFolder) -> Self {
        Self {
            dirs,
            trust,
            signatures: TrustMode::default(),
            plugins: BTreeMap::new(),
            poll: POLL,
            on_progress: None,
        }
    }
}

impl fmt::Debug for RegistryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryOptions")
            .field("dirs", &self.dirs)
            .field("trust", &self.trust)
            .field("signatures", &self.signatures)
            .finish_non_exhaustive()
    }
}

/// How far reading and loading are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProgress {
    /// Files that are done with, well or not.
    pub done: usize,
    /// Files that have to be read.
    pub total: usize,
}

/// The plugins in an operator's folders. Clones share it.
///
/// What is in it changes by [`refresh`](Registry::refresh), while a [`Watch`] lives, and by [`approve`](Registry::approve); each change
/// makes a new [`Snapshot`], and calls that run finish on the plugin that they began with.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    host: Arc<HostInner>,
    dirs: Vec<PluginDir>,
    trust: TrustFolder,
    mode: TrustMode,
    poll: Duration,
    on_progress: Option<Arc<dyn Fn(LoadProgress) + Send + Sync>>,
    settings: ArcSwap<Settings>,
    current: ArcSwap<Snapshot>,
    /// One refresh at a time. No guest of a call runs under it; readers look at `current` alone.
    work: tokio::sync::Mutex<Work>,
}

impl Registry {
    /// Looks through the folders and loads what may be.
    pub(crate) async fn open(
        host: Arc<HostInner>,
        options: RegistryOptions,
    ) -> Result<Self, Error> {
        // Who could write there could put plugins in, or approve them.
        let mut own: Vec<_> = options.dirs.iter().map(|dir| dir.path.clone()).collect();
        own.push(options.trust.path().to_owned());
        host.protect(&own);
        let inner = Arc::new(Inner {
            host,
            dirs: options.dirs,
            trust: options.trust,
            mode: options.signatures,
            poll: options.poll,
            on_progress: options.on_progress,
            settings: ArcSwap::from_pointee(Settings::new(options.plugins)),
            current: ArcSwap::default(),
            work: tokio::sync::Mutex::default(),
        });
        inner.refresh(false).await?;
        Ok(Self { inner })
    }

    /// What is there now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.current.load_full()
    }

    /// Looks through the folders again and gives what came of it. What failed before is tried again too.
    ///
    /// Once begun, it goes on to its end, also where its future is dropped.
    ///
    /// # Errors
    /// [`Error::Trust`] where keys or lock can't be read; nothing has changed then. What is wrong with a plugin is no error:
    /// it is in the snapshot.
    pub async fn refresh(&self) -> Result<Arc<Snapshot>, Error> {
        self.inner.refresh(true).await
    }

    /// Replaces what the operator says of single plugins. Those of which something else is said now are loaded again.
    ///
    /// # Errors
    /// As [`Registry::refresh`].
    pub async fn configure(
        &self,
        plugins: BTreeMap<PluginId, PluginSettings>,
    ) -> Result<Arc<Snapshot>, Error> {
        self.inner.settings.store(Arc::new(Settings::new(plugins)));
        self.inner.refresh(false).await
    }

    /// Keeps looking, whenever the file system says that something changed and now and then besides, until the [`Watch`] is dropped.
    /// What happens is told to [`Host::subscribe`](crate::Host::subscribe).
    pub fn watch(&self) -> Watch {
        Watch::start(&self.inner)
    }

    /// Calls a tool of a plugin, all of it on the snapshot of this moment.
    ///
    /// # Errors
    /// [`Error::NotActive`] where there is no such plugin that can be called, and those of [`Plugin::call`](crate::Plugin::call).
    pub async fn call(
        &self,
        id: &PluginId,
        tool: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<ToolOutput, Error> {
        let snapshot = self.snapshot();
        let plugin = snapshot.active(id)?;
        plugin.call(tool, arguments, options).await
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("dirs", &self.inner.dirs)
            .field("generation", &self.snapshot().generation())
            .finish_non_exhaustive()
    }
}
