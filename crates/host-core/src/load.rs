//! The life of a load: read once, and everything after works on those bytes.

mod code;
mod record;
mod source;
mod trust;

use std::sync::Arc;

use portcullis_host_policy::Grant;
use portcullis_host_policy::decision::{CapabilitySet, Grants};
use portcullis_host_policy::limits::LimitOverrides;
use portcullis_host_policy::manifest::{ConfigSchema, InstancePolicy, Manifest};
use portcullis_host_policy::trust::KeyId;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::addresses::Addresses;
use crate::blocking::Blocking;
use crate::definition::Tool;
use crate::egress::PluginEgress;
use crate::engine::Runtime;
use crate::error::Error;
use crate::files::{self, Quota};
use crate::host::HostInner;
use crate::permit::Gate;
use crate::plugin::{Instances, Plugin, PluginInner};
use crate::schema::Schema;
use crate::secret::{self, Vault};
use crate::state::Owner;
use crate::telemetry::{self, Counted, PluginMeter};
use crate::{Definitions, Limits, PluginId, ToolDefinition, probe, typed};

pub(crate) use code::Code;
use record::Record;
pub use source::Source;
pub(crate) use source::{Candidate, read};
pub use trust::Trust;

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
    /// Secrets that are added to its requests, whoever it turns out to be, beside those that the host's bindings name.
    pub secrets: Vec<secret::Use>,
    /// By what it has to be trusted. None: it is loaded whoever signed it, and known by its bytes alone, as befits a file
    /// that a person named.
    pub trust: Option<Trust>,
    /// Links its code at the first call instead of now, if the cache has it. Everything that can be said of the plugin
    /// is settled all the same: its bytes are read and judged, its definitions known.
    pub lazy: bool,
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

/// Loads a plugin.
pub(crate) async fn load(
    host: &Arc<HostInner>,
    source: Source,
    options: LoadOptions,
) -> Result<Plugin, Error> {
    let limits = host.limits.load.clone();
    let loaded = async {
        let candidate = blocking(move || read(&source, &limits)).await?;
        recorded(host, candidate, options).await
    };
    telemetry::watch_load(host, loaded).await
}

/// Loads what was read: nothing is read again.
pub(crate) async fn load_candidate(
    host: &Arc<HostInner>,
    candidate: Candidate,
    options: LoadOptions,
) -> Result<Plugin, Error> {
    telemetry::watch_load(host, recorded(host, candidate, options)).await
}

/// Loads, and writes it down.
async fn recorded(
    host: &Arc<HostInner>,
    candidate: Candidate,
    options: LoadOptions,
) -> Result<Plugin, Error> {
    telemetry::of_candidate(&candidate);
    let record = Record::begin(&host.audit, &candidate);
    let loaded = judge_and_load(host, candidate, options).await;
    record.end(&loaded);
    loaded
}

async fn judge_and_load(
    host: &Arc<HostInner>,
    mut candidate: Candidate,
    options: LoadOptions,
) -> Result<Plugin, Error> {
    let signer = match &options.trust {
        Some(trust) => trust.judge(&mut candidate)?,
        None => None,
    };
    check_settings(candidate.manifest.as_ref(), &options.config)?;
    let limits = effective_limits(host, &options, candidate.manifest.as_ref());
    let owner = Arc::new(owner(host, &candidate, &options, signer.as_ref(), &limits).await?);
    let ready = prepare(host, &candidate, &options, &owner, &limits).await?;
    let named =
        |definition: &ToolDefinition| (definition.name.clone(), Tool::new(definition.clone()));
    let policy = options.instances.or(candidate
        .manifest
        .as_ref()
        .map(|manifest| manifest.instances.policy));
    Ok(Plugin {
        inner: Arc::new(PluginInner {
            tools: ready.definitions.tools.iter().map(named).collect(),
            addresses: Addresses::of(&ready.definitions),
            instances: Instances::new(policy.unwrap_or_default(), &limits, host),
            gate: Gate::of_plugin(&limits.plugin),
            meter: meter(host, &candidate.id, &ready.definitions.tools),
            host: Arc::clone(host),
            digest: candidate.digest,
            signer,
            manifest: candidate.manifest,
            grant: options.grant,
            owner,
            limits,
            definitions: ready.definitions,
            code: ready.code,
            from_cache: ready.from_cache,
            stopped: CancellationToken::new(),
        }),
    })
}

/// Asks a component what it brings, which depends on no settings: it need not be loadable without any.
pub(crate) async fn definitions(
    host: &Arc<HostInner>,
    source: Source,
    options: LoadOptions,
) -> Result<Definitions, Error> {
    let limits = host.limits.load.clone();
    let mut candidate = blocking(move || read(&source, &limits)).await?;
    let signer = match &options.trust {
        Some(trust) => trust.judge(&mut candidate)?,
        None => None,
    };
    settings_schema(candidate.manifest.as_ref())?;
    let limits = effective_limits(host, &options, candidate.manifest.as_ref());
    let owner = Arc::new(owner(host, &candidate, &options, signer.as_ref(), &limits).await?);
    let ready = prepare(host, &candidate, &options, &owner, &limits).await?;
    Ok(ready.definitions)
}

/// A plugin's code and what it says of itself.
struct Ready {
    code: Code,
    definitions: Definitions,
    from_cache: bool,
}

/// Finds or makes the code, and asks for the definitions where they are not known.
async fn prepare(
    host: &Arc<HostInner>,
    candidate: &Candidate,
    options: &LoadOptions,
    owner: &Arc<Owner>,
    limits: &Limits,
) -> Result<Ready, Error> {
    let (metered, digest) = (limits.call.fuel.is_some(), candidate.digest);
    if options.lazy
        && let Some(definitions) = code::cached_definitions(host, metered, digest).await?
    {
        return Ok(Ready {
            code: Code::later(candidate.source.clone(), metered),
            definitions,
            from_cache: true,
        });
    }
    if let Some(found) = code::cached(host, metered, digest).await? {
        let template = code::link(host, metered, &found.component)?;
        return Ok(Ready {
            code: Code::now(template, metered),
            definitions: found.definitions,
            from_cache: true,
        });
    }
    let (bytes, on_compile) = (Arc::clone(&candidate.bytes), options.on_compile.clone());
    let (component, key) = code::compile_in_time(host, metered, bytes, digest, on_compile).await?;
    let template = code::link(host, metered, &component)?;
    let definitions = match template.functions() {
        Some(functions) => typed::definitions(functions, &candidate.bytes, &limits.load)?,
        None => probe::definitions(&template, owner, limits).await?,
    };
    code::store(host, component, key, definitions.clone()).await?;
    Ok(Ready {
        code: Code::now(template, metered),
        definitions,
        from_cache: false,
    })
}

/// The plugin's own instruments, where somebody measures.
fn meter(host: &HostInner, id: &PluginId, definitions: &[ToolDefinition]) -> Option<PluginMeter> {
    let tools = definitions.iter().map(|definition| &*definition.name);
    let metrics = host.metrics.as_ref()?;
    Some(PluginMeter::new(metrics, id, tools))
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

/// What instances know of the plugin.
async fn owner(
    host: &HostInner,
    candidate: &Candidate,
    options: &LoadOptions,
    signer: Option<&KeyId>,
    limits: &Limits,
) -> Result<Owner, Error> {
    let settings = options.config.clone();
    let access = Arc::new(access(host, candidate, options, signer).await?);
    let log = access.vault.log(Arc::clone(&host.log));
    let (grants, protected) = (access.grants(), host.protected.load_full());
    let folders = blocking(move || files::open(&grants, &protected)).await?;
    Ok(Owner {
        egress: Arc::new(PluginEgress::new(&host.egress, &access, &limits.plugin)),
        access,
        folders: folders.into(),
        quota: Arc::new(Quota::new(&limits.plugin)),
        blocking: Arc::new(Blocking::new(limits.plugin.blocking_threads).map_err(Error::host)?),
        id: candidate.id.clone(),
        settings_json: Value::Object(settings.clone()).to_string(),
        settings,
        log,
        state_store: Arc::clone(&host.state_store),
        services: Arc::clone(&host.services),
        state_bytes: limits.plugin.state_bytes,
        pool: host.limits.host.concurrent_calls.into(),
    })
}

/// Checks settings against the `[config]` schema of the manifest.
fn check_settings(manifest: Option<&Manifest>, settings: &Map<String, Value>) -> Result<(), Error> {
    let Some(schema) = settings_schema(manifest)? else {
        return Ok(());
    };
    let mistakes = schema.mistakes(&Value::Object(settings.clone()));
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(Error::Settings { mistakes })
    }
}

/// The `[config]` schema of the manifest, where there is one.
fn settings_schema(manifest: Option<&Manifest>) -> Result<Option<Schema>, Error> {
    let schema = manifest.and_then(|manifest| manifest.config.as_ref());
    let compiled = schema.map(|schema| Schema::compile(schema.as_json()));
    compiled.transpose().map_err(|problem| Error::Definition {
        tool: None,
        problem: format!("the [config] schema of its manifest can't be used: {problem}"),
        remedy: "give a self-contained JSON Schema 2020-12",
    })
}

/// The values of settings that are secrets.
fn secret_settings<'a>(
    manifest: Option<&Manifest>,
    settings: &'a Map<String, Value>,
) -> Vec<&'a str> {
    let schema = manifest.and_then(|manifest| manifest.config.as_ref());
    let names = schema.into_iter().flat_map(ConfigSchema::secrets);
    names
        .filter_map(|name| settings.get(name)?.as_str())
        .collect()
}

/// What the manifest asks for, the operator granted and the host allows, brought together, with the secrets that follow.
async fn access(
    host: &HostInner,
    candidate: &Candidate,
    options: &LoadOptions,
    signer: Option<&KeyId>,
) -> Result<Access, Error> {
    let requested = match &candidate.manifest {
        Some(manifest) => CapabilitySet::Only(manifest.capabilities.request.clone()),
        None => CapabilitySet::All,
    };
    let grants = Grants::new(&requested, &options.grant, &host.ceiling).offline(!host.network);
    let identity = trust::identity(candidate, signer);
    let own = options.secrets.iter().map(|one| one.clone().bind(identity));
    let bindings: Vec<_> = host.bindings.iter().cloned().chain(own).collect();
    let mut vault = Vault::open(host.secrets.as_deref(), &bindings, identity, &grants).await?;
    vault.hide(&secret_settings(
        candidate.manifest.as_ref(),
        &options.config,
    ))?;
    let id = candidate.id.clone();
    let audit = Counted::audit(host.metrics.as_ref(), &id, Arc::clone(&host.audit));
    Ok(Access::new(id, identity, grants, audit).with_vault(vault))
}

/// Runs blocking work off the caller's thread.
pub(crate) async fn blocking<T: Send + 'static>(
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
