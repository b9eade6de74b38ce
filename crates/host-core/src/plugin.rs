//! A loaded plugin.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_contract::chat::ProviderDefinition;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::Grants;
use portcullis_host_policy::manifest::{InstancePolicy, Manifest};
use portcullis_host_policy::trust::{KeyId, Locked, Surface};
use portcullis_host_policy::{Digest, Grant, Identity};
use semver::Version;
use tokio_util::sync::CancellationToken;

use crate::addresses::Addresses;
use crate::definition::Tool;
use crate::error::Error;
use crate::host::HostInner;
use crate::instance::Instance;
use crate::load::Code;
use crate::permit::Gate;
use crate::session::{Sessions, Turn};
use crate::state::{Call, Owner, State};
use crate::telemetry::PluginMeter;
use crate::warm::Warm;
use crate::{
    Definitions, FunctionDefinition, HookDefinition, LeftOut, Limits, PluginId, PromptDefinition,
    ResourceDefinition, ResourceTemplate, RoleDefinition, ToolDefinition,
};

/// A plugin that was checked, compiled and linked, ready for calls. Clones share it; it lives as long as one of them or one of
/// its calls does.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<PluginInner>,
}

pub(crate) struct PluginInner {
    pub(crate) host: Arc<HostInner>,
    pub(crate) owner: Arc<Owner>,
    pub(crate) digest: Digest,
    pub(crate) signer: Option<KeyId>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) grant: Grant,
    pub(crate) limits: Limits,
    pub(crate) definitions: Definitions,
    pub(crate) tools: HashMap<String, Tool>,
    pub(crate) addresses: Option<Arc<Addresses>>,
    pub(crate) code: Code,
    pub(crate) instances: Instances,
    pub(crate) gate: Gate,
    pub(crate) meter: Option<PluginMeter>,
    pub(crate) from_cache: bool,
    /// Cancelled when its calls are to end.
    pub(crate) stopped: CancellationToken,
}

/// Where a plugin's instances come from.
pub(crate) enum Instances {
    Fresh,
    Reuse(Warm),
    Session(Arc<Sessions>),
}

impl Instances {
    pub(crate) fn new(policy: InstancePolicy, limits: &Limits, host: &HostInner) -> Self {
        match policy {
            InstancePolicy::Fresh => Instances::Fresh,
            InstancePolicy::Reuse => Instances::Reuse(Warm::new(&limits.plugin)),
            InstancePolicy::Session => Instances::Session(Arc::new(Sessions::new(
                &limits.plugin,
                Arc::clone(&host.sessions),
            ))),
        }
    }

    pub(crate) fn policy(&self) -> InstancePolicy {
        match self {
            Instances::Fresh => InstancePolicy::Fresh,
            Instances::Reuse(_) => InstancePolicy::Reuse,
            Instances::Session(_) => InstancePolicy::Session,
        }
    }

    /// Drops those that wait for their next call.
    fn clear(&self) {
        match self {
            Instances::Fresh => {}
            Instances::Reuse(warm) => warm.clear(),
            Instances::Session(sessions) => sessions.close_all(),
        }
    }
}

/// An instance for one call. Dropped without [`keep`](Lease::keep), it is thrown away.
pub(crate) struct Lease {
    pub(crate) instance: Instance,
    turn: Option<Turn>,
}

impl Lease {
    /// Whether the call belongs to a session.
    pub(crate) fn in_session(&self) -> bool {
        self.turn.is_some()
    }

    /// Whether the session lost its state before this call.
    pub(crate) fn rebuilt(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.rebuilt)
    }

    /// Gives the instance back after a call that ended well.
    pub(crate) fn keep(mut self, instances: &Instances) {
        self.instance.state().end();
        match (instances, self.turn) {
            (_, Some(turn)) => turn.keep(self.instance),
            (Instances::Reuse(warm), None) => warm.keep(self.instance),
            _ => {}
        }
    }
}

impl PluginInner {
    /// An instance for `call`, new or kept, that has its settings.
    pub(crate) async fn lease(&self, call: Call, session: Option<&str>) -> Result<Lease, Error> {
        let (turn, kept) = match (&self.instances, session) {
            (Instances::Reuse(warm), _) => (None, warm.take(call.principal.as_ref())),
            (Instances::Session(sessions), Some(id)) => {
                let (turn, kept) = sessions.enter(id).await?;
                (Some(turn), kept)
            }
            _ => (None, None),
        };
        if let Some(mut instance) = kept {
            instance.begin(call);
            return Ok(Lease { instance, turn });
        }
        let state = State::new(Arc::clone(&self.owner), call, |_| {});
        let template = (self.code)
            .template(&self.host, self.digest, &self.definitions)
            .await?;
        let mut instance = template.instantiate(state).await?;
        instance.start().await?;
        Ok(Lease { instance, turn })
    }
}

impl Plugin {
    /// Who it says it is: the id in its manifest, or else its file's name.
    pub fn id(&self) -> &PluginId {
        &self.inner.owner.id
    }

    /// The SHA-256 of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.inner.digest
    }

    /// The key that vouched for it; none where signatures didn't count.
    pub fn signer(&self) -> Option<&KeyId> {
        self.inner.signer.as_ref()
    }

    /// Its version, if it has a manifest.
    pub fn version(&self) -> Option<&Version> {
        self.manifest().map(|manifest| &manifest.plugin.version)
    }

    /// What people and models see of it.
    pub fn surface(&self) -> Surface {
        let mut surface = Surface::default();
        // Strings for keys, and values that came from JSON: there is nothing that could fail.
        let mut add = |kind, name: &str, shown: serde_json::Result<serde_json::Value>| {
            surface.add(kind, name, shown.unwrap_or_default());
        };
        let definitions = &self.inner.definitions;
        for tool in &definitions.tools {
            add("tools", &tool.name, serde_json::to_value(tool));
        }
        for hook in &definitions.hooks {
            add("hooks", &hook.name, serde_json::to_value(hook));
        }
        for provider in &definitions.providers {
            add("providers", &provider.name, serde_json::to_value(provider));
        }
        for role in &definitions.roles {
            add("roles", &role.name, serde_json::to_value(role));
        }
        for resource in &definitions.resources {
            add("resources", &resource.name, serde_json::to_value(resource));
        }
        for template in &definitions.resource_templates {
            let shown = serde_json::to_value(template);
            add("resource-templates", &template.name, shown);
        }
        for prompt in &definitions.prompts {
            add("prompts", &prompt.name, serde_json::to_value(prompt));
        }
        surface
    }

    /// What the lock says of it once it is approved as it is.
    pub fn locked(&self) -> Locked {
        let requested = self
            .manifest()
            .map(|manifest| &manifest.capabilities.request);
        Locked {
            version: self.version().cloned(),
            digest: self.inner.digest,
            key: self.inner.signer,
            capabilities: requested.cloned().unwrap_or_default(),
            surface: self.surface().digest(),
        }
    }

    /// Its manifest, if it has one.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.inner.manifest.as_ref()
    }

    /// Everything that it brings.
    pub fn definitions(&self) -> &Definitions {
        &self.inner.definitions
    }

    /// Its tools, in its own order.
    pub fn tools(&self) -> &[ToolDefinition] {
        &self.inner.definitions.tools
    }

    /// Its handlers of hooks, in its own order.
    pub fn hooks(&self) -> &[HookDefinition] {
        &self.inner.definitions.hooks
    }

    /// Its model providers, in its own order.
    pub fn providers(&self) -> &[ProviderDefinition] {
        &self.inner.definitions.providers
    }

    /// Its roles, in its own order.
    pub fn roles(&self) -> &[RoleDefinition] {
        &self.inner.definitions.roles
    }

    /// What can be read of it, in its own order.
    pub fn resources(&self) -> &[ResourceDefinition] {
        &self.inner.definitions.resources
    }

    /// Families of what can be read of it, in its own order.
    pub fn resource_templates(&self) -> &[ResourceTemplate] {
        &self.inner.definitions.resource_templates
    }

    /// Its prompts, in its own order.
    pub fn prompts(&self) -> &[PromptDefinition] {
        &self.inner.definitions.prompts
    }

    /// Which of its tools is which of its functions. A plugin that exports tools of the contract has none.
    pub fn functions(&self) -> &[FunctionDefinition] {
        &self.inner.definitions.functions
    }

    /// Functions that it exports and that can't be called by their types. A plugin that exports tools of the contract has none.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.inner.definitions.left_out
    }

    /// One tool by its name.
    pub fn tool(&self, name: &str) -> Option<&ToolDefinition> {
        self.inner.tools.get(name).map(|tool| &tool.definition)
    }

    /// The limits that it runs under: the host's, set by the operator and lowered by the manifest.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Where its instances come from.
    pub fn instance_policy(&self) -> InstancePolicy {
        self.inner.instances.policy()
    }

    /// What it was granted when it was loaded.
    pub fn grant(&self) -> &Grant {
        &self.inner.grant
    }

    /// Who it is: what everything that is kept for it hangs on.
    pub fn identity(&self) -> Identity {
        self.inner.owner.access.identity
    }

    /// What it may reach now: manifest, grant and the host's ceiling brought together.
    pub fn grants(&self) -> Arc<Grants> {
        self.inner.owner.access.grants()
    }

    /// Takes everything back that was granted, for running calls too. To grant something else, load it again.
    pub fn revoke(&self) {
        self.inner.owner.access.revoke();
    }

    /// Ends its running calls as [`Error::Stopped`], takes everything back that was granted, and lets no further call in.
    pub fn stop(&self) {
        self.revoke();
        self.inner.stopped.cancel();
        self.inner.instances.clear();
    }

    /// What its manifest asks for and its grant does not cover.
    pub fn missing(&self) -> Vec<&Capability> {
        self.inner
            .manifest
            .as_ref()
            .map_or_else(Vec::new, |manifest| {
                self.inner.grant.missing(&manifest.capabilities.request)
            })
    }

    /// Whether its compiled code came from the cache.
    pub fn from_cache(&self) -> bool {
        self.inner.from_cache
    }

    /// Whether it is the very same load of a plugin.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Takes the place of `before`, whose sessions end: the next call of each is told.
    pub(crate) fn succeed(&self, before: &Self) {
        if let (Instances::Session(new), Instances::Session(old)) =
            (&self.inner.instances, &before.inner.instances)
        {
            old.end_for(new);
        }
    }

    /// Closes a session, whose instance is dropped once its running call, if any, has ended. False where no such session is
    /// open.
    pub fn close_session(&self, id: &str) -> bool {
        match &self.inner.instances {
            Instances::Session(sessions) => sessions.close(id),
            _ => false,
        }
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.inner.owner.id)
            .field("digest", &self.inner.digest)
            .finish_non_exhaustive()
    }
}
