//! The host: what all plugins of a program share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Meter, MeterProvider};
use portcullis_host_policy::Grant;
use portcullis_host_policy::address::Surroundings;
use portcullis_host_policy::decision::CapabilitySet;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;

use crate::audit::{Audit, AuditSink};
use crate::cache::{self, Cache, CacheFolder};
use crate::egress::{Egress, EgressPolicy, Resolve, Roots, SystemResolver};
use crate::engine::Engines;
use crate::error::Error;
use crate::inspect::{Inspection, inspect};
use crate::load::{self, LoadOptions, Source};
use crate::log::{LogSink, TracingSink};
use crate::permit::Gate;
use crate::plugin::Plugin;
use crate::registry::{Announcer, Changes, Registry, RegistryOptions};
use crate::secret::{Binding, SecretStore};
use crate::service::{HostInterface, Services};
use crate::session::SessionCount;
use crate::state_store::{FileState, StateStore, default_store};
use crate::telemetry::{Metrics, observe};
use crate::{Definitions, Limits};

/// Loads plugins and holds what they share: engines, the compile cache, limits over all of them. Clones share it.
///
/// ```no_run
/// use portcullis_host_core::{Grant, Host};
/// # async fn f() -> Result<(), portcullis_host_core::Error> {
/// let host = Host::builder().build()?;
/// let plugin = host.load("hello.wasm", Grant::none()).await?;
/// let output = plugin.call("greet", serde_json::json!({"name": "Ada"}), Default::default()).await?;
/// assert_eq!(output.text(), "Hello, Ada!");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Host {
    inner: Arc<HostInner>,
}

pub(crate) struct HostInner {
    pub(crate) engines: Engines,
    pub(crate) cache: Option<Cache>,
    pub(crate) limits: Limits,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) state_store: Arc<dyn StateStore>,
    pub(crate) services: Arc<Services>,
    /// The embedder's own interfaces.
    pub(crate) extensions: Arc<[HostInterface]>,
    pub(crate) ceiling: CapabilitySet,
    pub(crate) network: bool,
    pub(crate) egress: Arc<Egress>,
    pub(crate) secrets: Option<Arc<dyn SecretStore>>,
    pub(crate) bindings: Vec<Binding>,
    /// Folders of the host's own, which no plugin gets at.
    pub(crate) protected: ArcSwap<Vec<PathBuf>>,
    pub(crate) gate: Gate,
    pub(crate) sessions: Arc<SessionCount>,
    pub(crate) compiles: Arc<Semaphore>,
    pub(crate) live_instances: Arc<AtomicUsize>,
    pub(crate) metrics: Option<Arc<Metrics>>,
    pub(crate) cache_hits: AtomicU64,
    pub(crate) cache_misses: AtomicU64,
    pub(crate) changes: Announcer,
    calls: AtomicU64,
    run_id: u32,
}

impl HostInner {
    /// Keeps more folders from plugins that are loaded from now on.
    pub(crate) fn protect(&self, folders: &[PathBuf]) {
        self.protected.rcu(|before| {
            let mut all = before.to_vec();
            all.extend(folders.iter().filter(|new| !before.contains(new)).cloned());
            all
        });
    }

    /// An id that no other call of this machine's hosts has, for all practical purposes.
    pub(crate) fn next_call_id(&self) -> String {
        format!(
            "{:08x}-{}",
            self.run_id,
            self.calls.fetch_add(1, Ordering::Relaxed)
        )
    }
}

impl Host {
    /// A host with everything at its default, to be changed and built.
    pub fn builder() -> HostBuilder {
        HostBuilder {
            limits: Limits::default(),
            cache: CacheFolder::Default,
            log: Arc::new(TracingSink),
            audit: Audit::Default,
            state_store: None,
            services: Services::default(),
            extensions: Vec::new(),
            ceiling: CapabilitySet::All,
            network: false,
            resolver: Arc::new(SystemResolver),
            surroundings: None,
            roots: Roots::System,
            egress_policy: None,
            secrets: None,
            bindings: Vec::new(),
            protected: Vec::new(),
            in_flight: None,
            meter: None,
        }
    }

    /// Loads a plugin that may reach what `grant` says.
    ///
    /// # Errors
    /// Any of the load kinds of [`Error`].
    pub async fn load(&self, source: impl Into<Source>, grant: Grant) -> Result<Plugin, Error> {
        self.load_with(
            source,
            LoadOptions {
                grant,
                ..LoadOptions::default()
            },
        )
        .await
    }

    /// Loads a plugin with all that the operator says of it.
    ///
    /// # Errors
    /// Any of the load kinds of [`Error`].
    pub async fn load_with(
        &self,
        source: impl Into<Source>,
        options: LoadOptions,
    ) -> Result<Plugin, Error> {
        load::load(&self.inner, source.into(), options).await
    }

    /// Opens folders of plugins: what is found is judged, loaded as the operator says, and can be called by its id.
    ///
    /// # Errors
    /// [`Error::Trust`] where trusted keys or the lock can't be read. What is wrong with a plugin is no error: the snapshot
    /// says it.
    pub async fn open_registry(&self, options: RegistryOptions) -> Result<Registry, Error> {
        Registry::open(Arc::clone(&self.inner), options).await
    }

    /// Hears of every change to the plugins of this host's registries, from now on.
    pub fn subscribe(&self) -> Changes {
        self.inner.changes.subscribe()
    }

    /// What a plugin brings, without loading it: for who wants to see a plugin before there are settings for it, which are not
    /// looked at here.
    ///
    /// # Errors
    /// As [`Host::load_with`], but for settings.
    pub async fn definitions(
        &self,
        source: impl Into<Source>,
        options: LoadOptions,
    ) -> Result<Definitions, Error> {
        load::definitions(&self.inner, source.into(), options).await
    }

    /// What can be said of a component without compiling or running it.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotAComponent`], [`Error::LoadLimit`] and the manifest's kinds.
    pub async fn inspect(&self, source: impl Into<Source>) -> Result<Inspection, Error> {
        let (source, limits) = (source.into(), self.inner.limits.load.clone());
        tokio::task::spawn_blocking(move || inspect(&source, &limits))
            .await
            .map_err(Error::host)?
    }

    /// Where the host stands in its network: what addresses are judged by.
    pub async fn surroundings(&self) -> Arc<Surroundings> {
        self.inner.egress.surroundings().await
    }

    /// What is going on.
    pub fn stats(&self) -> HostStats {
        HostStats {
            calls_in_flight: self.inner.gate.inside(),
            live_instances: self.inner.live_instances.load(Ordering::Relaxed),
            open_sessions: self.inner.sessions.open(),
            cache_hits: self.inner.cache_hits.load(Ordering::Relaxed),
            cache_misses: self.inner.cache_misses.load(Ordering::Relaxed),
            engines: self.inner.engines.count(),
            audit_dropped: self.inner.audit.dropped(),
        }
    }

    /// Waits until the audit trail is written. A program that ends without dropping its hosts calls this first; a host that
    /// is dropped does it by itself.
    pub fn flush(&self) {
        self.inner.audit.flush();
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What is going on in a host at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostStats {
    /// Calls that run.
    pub calls_in_flight: usize,
    /// Instances of all plugins: those of running calls, warm ones and those of sessions.
    pub live_instances: usize,
    /// Open sessions of all plugins.
    pub open_sessions: u32,
    /// Loads that found their code in the cache.
    pub cache_hits: u64,
    /// Loads that did not.
    pub cache_misses: u64,
    /// Engines that were made: at most one that meters fuel and one that doesn't.
    pub engines: usize,
    /// Records of decisions that were lost: nobody wrote them down in time, or nobody could.
    pub audit_dropped: u64,
}

/// A [`Host`] that is being configured.
#[must_use = "a builder does nothing until it is built"]
pub struct HostBuilder {
    limits: Limits,
    cache: CacheFolder,
    log: Arc<dyn LogSink>,
    audit: Audit,
    state_store: Option<Arc<dyn StateStore>>,
    services: Services,
    extensions: Vec<HostInterface>,
    ceiling: CapabilitySet,
    network: bool,
    resolver: Arc<dyn Resolve>,
    surroundings: Option<Surroundings>,
    roots: Roots,
    egress_policy: Option<Arc<dyn EgressPolicy>>,
    secrets: Option<Arc<dyn SecretStore>>,
    bindings: Vec<Binding>,
    protected: Vec<PathBuf>,
    in_flight: Option<u32>,
    meter: Option<Meter>,
}

impl HostBuilder {
    /// Sets the limits of all plugins.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps compiled code in `folder`, which must be this user's alone. The default is `portcullis/compiled` in the user's
    /// cache folder (`XDG_CACHE_HOME`, or `~/.cache`).
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = CacheFolder::At(folder.into());
        self
    }

    /// Keeps no compiled code: every load compiles.
    pub fn no_cache(mut self) -> Self {
        self.cache = CacheFolder::None;
        self
    }

    /// Hands all guests' words to `sink`, instead of [`TracingSink`].
    pub fn log_sink(mut self, sink: Arc<dyn LogSink>) -> Self {
        self.log = sink;
        self
    }

    /// Writes the record of every decision to files in `folder`, as [`JsonLines`](crate::JsonLines) does; it must be this
    /// user's alone. The default is `portcullis/audit` in the user's folder for such (`XDG_STATE_HOME`, or
    /// `~/.local/state`), made when there is something to write.
    pub fn audit_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.audit = Audit::At(folder.into());
        self
    }

    /// Hands the record of every decision to `sink`.
    pub fn audit_sink(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = Audit::To(sink);
        self
    }

    /// Keeps no record of decisions.
    pub fn no_audit(mut self) -> Self {
        self.audit = Audit::None;
        self
    }

    /// Keeps plugins' state in files in `folder`, as [`FileState`] does; it must be this user's alone. The default is
    /// `portcullis/state` in the user's folder for such (`XDG_DATA_HOME`, or `~/.local/share`).
    pub fn state_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.protected.push(folder.clone());
        self.state_store = Some(Arc::new(FileState::new(folder)));
        self
    }

    /// Keeps plugins' state in `store`.
    pub fn state_store(mut self, store: Arc<dyn StateStore>) -> Self {
        self.state_store = Some(store);
        self
    }

    /// What plugins may ask of the host beside what it does by itself: a model, corpora, a planner, each other's tools. The
    /// default is nothing.
    pub fn services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// Offers an interface of the embedder's own to plugins that were granted it.
    pub fn interface(mut self, interface: HostInterface) -> Self {
        self.extensions.push(interface);
        self
    }

    /// What no plugin goes beyond, whatever is granted to it. The default is no ceiling.
    pub fn ceiling(mut self, ceiling: CapabilitySet) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Opens the network to plugins that were granted something of it: the second key. It is closed by default, and then
    /// every request is denied with the code `offline`.
    pub fn network(mut self, open: bool) -> Self {
        self.network = open;
        self
    }

    /// Looks names up by `resolver`, instead of the system's.
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Says where the host stands in its network, instead of letting it find out: addresses of its own and on its own
    /// networks are never public.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = Some(surroundings);
        self
    }

    /// Believes servers whose certificates lead to these roots, in DER, instead of the system's.
    pub fn tls_roots(mut self, roots: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let roots = roots.into_iter().map(CertificateDer::from);
        self.roots = Roots::Given(roots.collect());
        self
    }

    /// Asks `policy` before every HTTP request that the rules allow.
    pub fn egress_policy(mut self, policy: Arc<dyn EgressPolicy>) -> Self {
        self.egress_policy = Some(policy);
        self
    }

    /// Where the operator keeps secrets. The default is nowhere.
    pub fn secrets(mut self, store: Arc<dyn SecretStore>) -> Self {
        self.protected.extend(store.folder());
        self.secrets = Some(store);
        self
    }

    /// To which plugins' requests which secrets are added. The default is none.
    pub fn bindings(mut self, bindings: Vec<Binding>) -> Self {
        self.bindings = bindings;
        self
    }

    /// Keeps more folders from plugins, beside those in which hosts of this user keep their own and those named to this
    /// builder: a grant for one of them, for a folder in one, or for a folder around one fails the load.
    pub fn protect<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.protected.extend(folders.into_iter().map(Into::into));
        self
    }

    /// Measures by instruments of `provider`, such as `&*opentelemetry::global::meter_provider()`. The default measures
    /// nothing.
    pub fn meter_provider(mut self, provider: &dyn MeterProvider) -> Self {
        let scope = InstrumentationScope::builder("portcullis");
        let scope = scope.with_version(env!("CARGO_PKG_VERSION")).build();
        self.meter = Some(provider.meter_with_scope(scope));
        self
    }

    /// Sizes the pool of instances for so many calls at once and as many open sessions. The default is what
    /// [`HostLimits`](crate::HostLimits) allows; a command that makes one call says 1 and starts quicker.
    pub fn max_in_flight(mut self, calls: u32) -> Self {
        self.in_flight = Some(calls);
        self
    }

    /// Builds the host: its engine is made now, so that the first load does not wait for it.
    ///
    /// A cache folder that can't be used is a warning in the log, not an error: the host goes without. So is the default
    /// folder of the audit trail, whose records are then counted as dropped.
    ///
    /// # Errors
    /// [`Error::Host`] where the system gives no memory or thread for an engine, and where a folder for the audit trail
    /// was named that can't be used.
    pub fn build(self) -> Result<Host, Error> {
        crate::schema::warm_up();
        let mut limits = self.limits;
        let in_flight = self.in_flight.unwrap_or(limits.host.concurrent_calls);
        limits.host.concurrent_calls = limits.host.concurrent_calls.min(in_flight.max(1));
        if self.in_flight.is_some() {
            limits.host.sessions = limits.host.sessions.min(in_flight.max(1));
        }
        let folder = self.cache.folder();
        let mut protected = self.protected;
        protected.extend(crate::files::own_folders());
        protected.extend(folder.clone());
        if let Audit::At(folder) = &self.audit {
            protected.push(folder.clone());
        }
        let metrics = self.meter.as_ref().map(Metrics::new).map(Arc::new);
        let mut run_id = [0; 4];
        getrandom::fill(&mut run_id).map_err(Error::host)?;
        let extensions: Arc<[HostInterface]> = self.extensions.into();
        let inner = HostInner {
            engines: Engines::new(&limits, in_flight.into(), Arc::clone(&extensions)),
            services: Arc::new(self.services),
            extensions,
            cache: folder.and_then(|folder| cache::open(&folder, limits.host.cache_bytes)),
            log: self.log,
            audit: self.audit.open()?,
            state_store: self.state_store.unwrap_or_else(default_store),
            ceiling: self.ceiling,
            network: self.network,
            protected: ArcSwap::from_pointee(protected),
            egress: Arc::new(Egress::new(
                self.resolver,
                self.surroundings,
                self.roots,
                self.egress_policy,
            )),
            secrets: self.secrets,
            bindings: self.bindings,
            gate: Gate::of_host(&limits.host),
            sessions: Arc::new(SessionCount::new(limits.host.sessions)),
            compiles: Arc::new(Semaphore::new(
                limits.host.concurrent_compiles.max(1) as usize
            )),
            live_instances: Arc::default(),
            metrics: metrics.clone(),
            cache_hits: AtomicU64::new(0),
            cache_misses: AtomicU64::new(0),
            changes: Announcer::new(metrics),
            calls: AtomicU64::new(0),
            run_id: u32::from_le_bytes(run_id),
            limits,
        };
        load::warm_up(&inner)?;
        let inner = Arc::new(inner);
        self.meter.iter().for_each(|meter| observe(meter, &inner));
        Ok(Host { inner })
    }
}
