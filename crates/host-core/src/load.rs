//! The life of a load: read once, and everything after works on those bytes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use portcullis_host_policy::decision::{CapabilitySet, Grants};
use portcullis_host_policy::limits::LimitOverrides;
use portcullis_host_policy::manifest::{InstancePolicy, Manifest, section};
use portcullis_host_policy::{Grant, Identity};
use serde_json::{Map, Value};
use tokio::time::timeout;
use wasmtime::component::Component;

use crate::access::Access;
use crate::blocking::Blocking;
use crate::cache::CacheKey;
use crate::definition::{Tool, within};
use crate::egress::PluginEgress;
use crate::engine::Runtime;
use crate::error::Error;
use crate::files::{self, Quota};
use crate::host::HostInner;
use crate::instance::Template;
use crate::permit::Gate;
use crate::plugin::{Instances, Plugin, PluginInner};
use crate::schema::Schema;
use crate::secret::Vault;
use crate::state::Owner;
use crate::{Limits, LoadLimits, PluginId, ToolDefinition, compile, contract, probe};
use portcullis_host_policy::Digest;

/// Where a component's bytes come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, read once. Where it carries no manifest, one beside it (`NAME.toml`) is taken.
    Path(PathBuf),
    /// The bytes themselves.
    Bytes(Arc<[u8]>),
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Source::Path(path.into())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Source::Path(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Source::Path(path)
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Source::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Source::Bytes(bytes.into())
    }
}

/// What the operator says of a plugin when it is loaded. The default grants nothing and changes nothing.
#[derive(Clone, Default)]
pub struct LoadOptions {
    /// What it may reach.
    pub grant: Grant,
    /// Its settings, checked against the `[config]` schema of its manifest.
    pub config: Map<String, Value>,
    /// Limits that differ from the host's.
    pub limits: LimitOverrides,
    /// Where its instances come from, whatever its manifest says.
    pub instances: Option<InstancePolicy>,
    /// Called when it has to be compiled: what comes takes a while.
    pub on_compile: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl std::fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadOptions")
            .field("grant", &self.grant)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A component's bytes with what can be said of them without running or compiling anything.
pub(crate) struct Candidate {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) digest: Digest,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) id: PluginId,
}

/// Compiled code that is ready to be linked, and the definitions if they are known already.
struct Compiled {
    component: Component,
    key: CacheKey,
    definitions: Option<Vec<ToolDefinition>>,
}

/// Loads a plugin.
pub(crate) async fn load(
    host: &Arc<HostInner>,
    source: Source,
    options: LoadOptions,
) -> Result<Plugin, Error> {
    let load_limits = host.limits.load.clone();
    let read = blocking(move || read(&source, &load_limits)).await?;
    let limits = effective_limits(host, &options, read.manifest.as_ref());
    let metered = limits.call.fuel.is_some();
    let owner = Arc::new(owner(host, &read, &options.grant, &limits, options.config).await?);
    let (blocking_host, bytes, digest) = (Arc::clone(host), Arc::clone(&read.bytes), read.digest);
    let cached = blocking(move || from_cache(&blocking_host, metered, &digest)).await?;
    let from_cache = cached.is_some();
    let compiled = match cached {
        Some(compiled) => compiled,
        None => compile_in_time(host, metered, bytes, digest, options.on_compile).await?,
    };
    let runtime = host.engines.get(metered)?;
    let exports = contract::check(&compiled.component, &runtime.engine)?;
    let template = Template::new(
        runtime,
        &compiled.component,
        exports,
        Arc::clone(&host.live_instances),
    )?;
    let definitions = match compiled.definitions {
        Some(definitions) => definitions,
        None => {
            let definitions = probe::definitions(&template, &owner, &limits).await?;
            store(host, compiled.component, compiled.key, definitions.clone()).await?;
            definitions
        }
    };
    let named =
        |definition: &ToolDefinition| (definition.name.clone(), Tool::new(definition.clone()));
    let policy = options.instances.or(read
        .manifest
        .as_ref()
        .map(|manifest| manifest.instances.policy));
    Ok(Plugin {
        inner: Arc::new(PluginInner {
            tools: definitions.iter().map(named).collect(),
            instances: Instances::new(policy.unwrap_or_default(), &limits, host),
            gate: Gate::of_plugin(&limits.plugin),
            host: Arc::clone(host),
            digest: read.digest,
            manifest: read.manifest,
            grant: options.grant,
            owner,
            limits,
            definitions,
            template,
            from_cache,
        }),
    })
}

/// The host's limits, set by the operator for this plugin, lowered by its manifest.
fn effective_limits(
    host: &HostInner,
    options: &LoadOptions,
    manifest: Option<&Manifest>,
) -> Limits {
    let set = host.limits.set_by(&options.limits);
    match manifest {
        Some(manifest) => set.lowered_by(&manifest.limits),
        None => set,
    }
}

/// What instances know of the plugin; its settings are checked here.
async fn owner(
    host: &HostInner,
    read: &Candidate,
    grant: &Grant,
    limits: &Limits,
    settings: Map<String, Value>,
) -> Result<Owner, Error> {
    let settings = Value::Object(settings);
    if let Some(schema) = read
        .manifest
        .as_ref()
        .and_then(|manifest| manifest.config.as_ref())
    {
        let schema = Schema::compile(schema.as_json()).map_err(|problem| Error::Definition {
            tool: None,
            problem: format!("the [config] schema of its manifest can't be used: {problem}"),
            remedy: "give a self-contained JSON Schema 2020-12",
        })?;
        let mistakes = schema.mistakes(&settings);
        if !mistakes.is_empty() {
            return Err(Error::Settings { mistakes });
        }
    }
    let settings_json = settings.to_string();
    let Value::Object(settings) = settings else {
        unreachable!("made of a map")
    };
    let access = Arc::new(access(host, read, grant).await?);
    let log = access.vault.log(Arc::clone(&host.log));
    let (grants, protected) = (access.grants(), Arc::clone(&host.protected));
    let folders = blocking(move || files::open(&grants, &protected)).await?;
    Ok(Owner {
        egress: Arc::new(PluginEgress::new(&host.egress, &access, &limits.plugin)),
        access,
        folders: folders.into(),
        quota: Arc::new(Quota::new(&limits.plugin)),
        blocking: Arc::new(Blocking::new(limits.plugin.blocking_threads).map_err(Error::host)?),
        id: read.id.clone(),
        settings,
        settings_json,
        log,
        state_store: Arc::clone(&host.state_store),
        state_bytes: limits.plugin.state_bytes,
        pool: host.limits.host.concurrent_calls.into(),
    })
}

/// What the manifest asks for, the operator granted and the host allows, brought together, with the secrets that follow.
async fn access(host: &HostInner, read: &Candidate, grant: &Grant) -> Result<Access, Error> {
    let requested = match &read.manifest {
        Some(manifest) => CapabilitySet::Only(manifest.capabilities.request.clone()),
        None => CapabilitySet::All,
    };
    let grants = Grants::new(&requested, grant, &host.ceiling).offline(!host.network);
    let identity = Identity::Digest(*read.digest.as_bytes());
    let vault = Vault::open(host.secrets.as_deref(), &host.bindings, identity, &grants).await?;
    let access = Access::new(read.id.clone(), identity, grants, Arc::clone(&host.audit));
    Ok(access.with_vault(vault))
}

/// Reads a component and its manifest.
pub(crate) fn read(source: &Source, limits: &LoadLimits) -> Result<Candidate, Error> {
    let bytes = match source {
        Source::Bytes(bytes) => Arc::clone(bytes),
        Source::Path(path) => read_file(path, limits)?.into(),
    };
    within(
        "component-bytes",
        limits.component_bytes,
        bytes.len() as u64,
    )?;
    let digest = Digest::of(&bytes);
    compile::is_component(&bytes)?;
    let manifest = manifest(&bytes, source, limits)?;
    let id = match &manifest {
        Some(manifest) => manifest.plugin.id.clone(),
        None => id_of(source, &digest)?,
    };
    Ok(Candidate {
        bytes,
        digest,
        manifest,
        id,
    })
}

fn read_file(path: &Path, limits: &LoadLimits) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(io(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "not a regular file",
        )));
    }
    // A file that grows while it is read is still refused.
    let mut bytes = Vec::with_capacity(
        usize::try_from(metadata.len().min(limits.component_bytes)).unwrap_or(0),
    );
    file.take(limits.component_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    Ok(bytes)
}

fn manifest(bytes: &[u8], source: &Source, limits: &LoadLimits) -> Result<Option<Manifest>, Error> {
    let parse = |text: &str| {
        within("manifest-bytes", limits.manifest_bytes, text.len() as u64)?;
        Manifest::parse(text).map_err(Error::manifest)
    };
    let embedded = section::read(bytes)?.map(parse).transpose()?;
    let Source::Path(path) = source else {
        return Ok(embedded);
    };
    let beside = path.with_extension("toml");
    let text = match std::fs::read_to_string(&beside) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(embedded),
        Err(source) => {
            return Err(Error::Io {
                path: beside,
                source,
            });
        }
    };
    let sidecar = parse(&text)?;
    match embedded {
        Some(embedded) if embedded != sidecar => Err(Error::ManifestTwice { path: beside }),
        _ => Ok(Some(sidecar)),
    }
}

/// A plugin without a manifest is called after its file, or its digest.
fn id_of(source: &Source, digest: &Digest) -> Result<PluginId, Error> {
    let from_name = match source {
        Source::Path(path) => path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .map(|stem| stem.to_lowercase().replace('_', "-")),
        Source::Bytes(_) => None,
    };
    if let Some(Ok(id)) = from_name.map(|name| name.parse::<PluginId>()) {
        return Ok(id);
    }
    let digits: String = digest
        .to_string()
        .chars()
        .skip("sha256:".len())
        .take(12)
        .collect();
    format!("sha256-{digits}").parse().map_err(Error::host)
}

fn from_cache(host: &HostInner, metered: bool, digest: &Digest) -> Result<Option<Compiled>, Error> {
    let Some(cache) = &host.cache else {
        return Ok(None);
    };
    let engine = &host.engines.get(metered)?.engine;
    let key = CacheKey::new(digest, engine);
    let compiled = cache.get(engine, &key).and_then(|hit| {
        let definitions = Some(serde_json::from_slice(&hit.notes).ok()?);
        Some(Compiled {
            component: hit.component,
            key,
            definitions,
        })
    });
    let counter = if compiled.is_some() {
        &host.cache_hits
    } else {
        &host.cache_misses
    };
    counter.fetch_add(1, Ordering::Relaxed);
    Ok(compiled)
}

/// Compiles on another thread, a few at a time, for no longer than the operator allows.
async fn compile_in_time(
    host: &Arc<HostInner>,
    metered: bool,
    bytes: Arc<[u8]>,
    digest: Digest,
    on_compile: Option<Arc<dyn Fn() + Send + Sync>>,
) -> Result<Compiled, Error> {
    let permit = Arc::clone(&host.compiles)
        .acquire_owned()
        .await
        .map_err(Error::host)?;
    on_compile.iter().for_each(|tell| tell());
    let (limits, engine) = (
        host.limits.load.clone(),
        host.engines.get(metered)?.engine.clone(),
    );
    let allowed = limits.compile_time;
    let compiling = blocking(move || {
        // A compilation that is given up goes on to its end, and so does its permit: there are never more than allowed.
        let _permit = permit;
        let component = compile::compile(&engine, &bytes, &limits)?;
        let key = CacheKey::new(&digest, &engine);
        Ok(Compiled {
            component,
            key,
            definitions: None,
        })
    });
    timeout(allowed, compiling)
        .await
        .unwrap_or(Err(Error::CompileTime { allowed }))
}

async fn store(
    host: &Arc<HostInner>,
    component: Component,
    key: CacheKey,
    definitions: Vec<ToolDefinition>,
) -> Result<(), Error> {
    if host.cache.is_none() {
        return Ok(());
    }
    let host = Arc::clone(host);
    blocking(move || {
        if let (Some(cache), Ok(code)) = (&host.cache, component.serialize()) {
            let notes = serde_json::to_vec(&definitions).map_err(Error::host)?;
            cache.put(&key, &code, &notes);
        }
        Ok(())
    })
    .await
}

/// Runs blocking work off the caller's thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::host)?
}

/// The engine that a plugin of these limits runs on exists once this was called.
pub(crate) fn warm_up(host: &HostInner) -> Result<&Runtime, Error> {
    host.engines.get(host.limits.call.fuel.is_some())
}
