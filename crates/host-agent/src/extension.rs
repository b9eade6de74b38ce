//! What an agent is extended by, in one place: tools, hooks and model providers, its own and those of plugins, and roles,
//! resources and prompts of these.
//!
//! [`Extensions`] has what the agent's program brings, and is told which plugins there are. What comes of it is an
//! [`ExtensionSnapshot`] that never changes: a turn takes one and works on it to its end, whatever is reloaded meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo};
use portcullis_host_core::{Capability, Changes, Plugin, PluginId, Registry};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builtin::BuiltinHook;
use crate::hook::{
    self, Author, HookOptions, HookRunner, HookTable, Permits, Point, RefusedSubscription,
    Subscription,
};
use crate::observer::Raise;
use crate::prompt::{Prompts, RefusedPrompt};
use crate::provider::{
    ChatProvider, ChatStream, PluginProvider, ProviderNameError, Providers, ProvidersBuilder,
    RouteError, Routed,
};
use crate::resource::{RefusedResource, Resources};
use crate::role::{RefusedRole, RoleDefinition, Roles};
use crate::tool::{self, NativeError, Tool, ToolRegistry, ToolSnapshot};

/// Everything that an agent is extended by at one moment.
///
/// Who holds it keeps its plugins loaded.
pub struct ExtensionSnapshot {
    /// The tools.
    pub tools: Arc<ToolSnapshot>,
    /// Who is subscribed to what.
    pub hooks: Arc<HookTable>,
    /// The model providers, by name.
    pub providers: Providers,
    /// The provider that asks the others, by the model's name.
    pub models: Arc<Routed>,
    /// The roles.
    pub roles: Roles,
    /// What can be read of the plugins.
    pub resources: Resources,
    /// The prompts.
    pub prompts: Prompts,
    /// What of plugins and settings does not count, and why.
    pub problems: Vec<Problem>,
    plugins: BTreeMap<PluginId, Plugin>,
}

/// Something of a plugin, or of the settings, that does not count. The rest does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A tool.
    #[error(transparent)]
    Tool(#[from] tool::Refused),
    /// A handler of a hook.
    #[error(transparent)]
    Hook(#[from] RefusedSubscription),
    /// A model provider.
    #[error(transparent)]
    Provider(#[from] ProviderNameError),
    /// A route to a provider.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A role.
    #[error(transparent)]
    Role(#[from] RefusedRole),
    /// A resource.
    #[error(transparent)]
    Resource(#[from] RefusedResource),
    /// A prompt.
    #[error(transparent)]
    Prompt(#[from] RefusedPrompt),
}

impl ExtensionSnapshot {
    /// A plugin that is there.
    pub fn plugin(&self, id: &PluginId) -> Option<&Plugin> {
        self.plugins.get(id)
    }

    /// The plugins that are there, by id.
    pub fn plugins(&self) -> impl Iterator<Item = (&PluginId, &Plugin)> {
        self.plugins.iter()
    }

    /// Whether a plugin is there and was granted this.
    pub fn permits(&self, plugin: &PluginId, capability: &Capability) -> bool {
        let plugin = self.plugin(plugin).cloned();
        plugin.is_some_and(|plugin| hook::PluginPermits(plugin).permits(capability))
    }
}

impl fmt::Debug for ExtensionSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionSnapshot")
            .field("tools", &self.tools.names().collect::<Vec<_>>())
            .field("providers", &self.providers)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// What an agent is extended by. Without plugins, its own tools, hooks and providers work as if there were no such thing.
pub struct Extensions {
    tools: Arc<ToolRegistry>,
    runner: HookRunner,
    hooks: Vec<Subscription>,
    providers: ProvidersBuilder,
    routes: Vec<(String, String)>,
    extra: BTreeSet<String>,
    current: ArcSwap<ExtensionSnapshot>,
    /// One publication at a time; nothing waits in it.
    publishing: Mutex<()>,
    changed: watch::Sender<()>,
}

/// [`Extensions`] that are being put together.
#[must_use = "a builder does nothing until it is built"]
#[derive(Default)]
pub struct ExtensionsBuilder {
    tools: Arc<ToolRegistry>,
    hook_options: HookOptions,
    hooks: Vec<Subscription>,
    providers: ProvidersBuilder,
    routes: Vec<(String, String)>,
    extra: BTreeSet<String>,
}

impl ExtensionsBuilder {
    /// Adds one of the agent's own tools.
    ///
    /// # Errors
    /// Where its name or its schema is not right, or the name is taken.
    pub fn tool(self, tool: impl Tool + 'static) -> Result<Self, NativeError> {
        self.tools.add(Arc::new(tool))?;
        Ok(self)
    }

    /// Adds one of the agent's own hooks.
    pub fn hook(mut self, subscription: Subscription) -> Self {
        self.hooks.push(subscription);
        self
    }

    /// Adds a hook that comes with this crate.
    pub fn builtin(mut self, hooks: Vec<BuiltinHook>) -> Self {
        self.hooks
            .extend(hooks.into_iter().map(|hook| Subscription {
                author: Author::Native,
                name: hook.name.to_owned(),
                point: hook.point,
                mode: hook.mode,
                phase: hook.phase,
                priority: 0,
                deadline: Some(hook.deadline),
                permits: None,
                handler: hook.handler,
            }));
        self
    }

    /// Adds one of the agent's own model providers.
    pub fn provider(mut self, name: &str, provider: Arc<dyn ChatProvider>) -> Self {
        self.providers = self.providers.native(name, provider);
        self
    }

    /// Sends requests for models that match `pattern` – a name, or the start of one and `*` – to a provider: a native one by its
    /// name, a plugin's as `PLUGIN/NAME`. It need not be there yet.
    pub fn route(mut self, pattern: &str, provider: &str) -> Self {
        self.routes.push((pattern.to_owned(), provider.to_owned()));
        self
    }

    /// Lets provider-specific settings of this name pass to plugins' providers.
    pub fn extra_key(mut self, key: &str) -> Self {
        self.extra.insert(key.to_owned());
        self
    }

    /// What holds for all handlers of hooks.
    pub fn hook_options(mut self, options: HookOptions) -> Self {
        self.hook_options = options;
        self
    }

    /// The extensions, without any plugin yet. It needs no runtime.
    pub fn build(self) -> Extensions {
        let Self {
            tools,
            hook_options,
            hooks,
            providers,
            routes,
            extra,
        } = self;
        let empty = ExtensionSnapshot {
            tools: tools.snapshot(),
            hooks: Arc::default(),
            providers: Providers::default(),
            models: Arc::new(Routed::builder(&Providers::default()).build().0),
            roles: Roles::default(),
            resources: Resources::default(),
            prompts: Prompts::default(),
            problems: Vec::new(),
            plugins: BTreeMap::new(),
        };
        let extensions = Extensions {
            tools,
            runner: HookRunner::new(hook_options),
            hooks,
            providers,
            routes,
            extra,
            current: ArcSwap::from_pointee(empty),
            publishing: Mutex::default(),
            changed: watch::Sender::default(),
        };
        extensions.clear();
        extensions
    }
}

impl Extensions {
    /// Begins with nothing.
    pub fn builder() -> ExtensionsBuilder {
        ExtensionsBuilder::default()
    }

    /// What there is now.
    pub fn snapshot(&self) -> Arc<ExtensionSnapshot> {
        self.current.load_full()
    }

    /// Tells of every snapshot that takes the place of another.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The tools, for who calls them by itself, such as [`RegistryInvoke`](crate::service::RegistryInvoke).
    pub fn tools(&self) -> &Arc<ToolRegistry> {
        &self.tools
    }

    /// Who asks and tells the handlers of a snapshot.
    pub fn hooks(&self) -> &HookRunner {
        &self.runner
    }

    /// Makes these the plugins that there are. What of them does not count is logged, and in
    /// [`ExtensionSnapshot::problems`].
    pub fn publish(&self, plugins: &[Plugin]) -> Arc<ExtensionSnapshot> {
        let snapshot = self.replace(plugins);
        for problem in &snapshot.problems {
            tracing::warn!("{problem}");
        }
        snapshot
    }

    /// Lets go of all plugins. Services hold tools, tools their plugins, and these the host that holds the services: who ends an
    /// agent and not its process ends with this.
    pub fn clear(&self) {
        self.replace(&[]);
    }

    fn replace(&self, plugins: &[Plugin]) -> Arc<ExtensionSnapshot> {
        let _one = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut problems = Vec::new();
        let tools = self.tools.publish(plugins);
        problems.extend(tools.refused().iter().cloned().map(Problem::from));
        let mut by_id = BTreeMap::new();
        for plugin in plugins {
            by_id
                .entry(plugin.id().clone())
                .or_insert_with(|| plugin.clone());
        }
        let plugins = by_id.values();

        let own = self.hooks.iter().cloned();
        let subscriptions = own.chain(plugins.clone().flat_map(hook::subscriptions));
        let (hooks, refused) = HookTable::new(subscriptions.collect());
        problems.extend(refused.into_iter().map(Problem::from));

        let (providers, models, refused) = self.providers(plugins.clone());
        problems.extend(refused);
        let (roles, refused) = Roles::new(plugins.clone().flat_map(roles));
        problems.extend(refused.into_iter().map(Problem::from));
        let before = self.snapshot();
        let (resources, refused) = Resources::new(plugins.clone(), &before.resources);
        problems.extend(refused.into_iter().map(Problem::from));
        let (prompts, refused) = Prompts::new(plugins);
        problems.extend(refused.into_iter().map(Problem::from));

        self.runner.forget_others(&hooks);
        let snapshot = Arc::new(ExtensionSnapshot {
            tools,
            hooks: Arc::new(hooks),
            providers,
            models: Arc::new(models),
            roles,
            resources,
            prompts,
            problems,
            plugins: by_id,
        });
        self.current.store(Arc::clone(&snapshot));
        self.changed.send_replace(());
        snapshot
    }

    fn providers<'a>(
        &self,
        plugins: impl Iterator<Item = &'a Plugin>,
    ) -> (Providers, Routed, Vec<Problem>) {
        let mut builder = self.providers.clone();
        for plugin in plugins {
            for (name, provider) in PluginProvider::all(plugin, &self.extra) {
                builder = builder.plugin(plugin.id(), name, Arc::new(provider));
            }
        }
        let (providers, refused) = builder.build();
        let mut problems: Vec<_> = refused.into_iter().map(Problem::from).collect();
        let mut routed = Routed::builder(&providers);
        for (pattern, provider) in &self.routes {
            routed = routed.route(pattern, provider);
        }
        let (routed, refused) = routed.build();
        problems.extend(refused.into_iter().map(Problem::from));
        (providers, routed, problems)
    }

    /// The provider that asks the others by the model's name, as it is whenever it is asked: for services, which live as long as
    /// their host does. It does not keep the extensions.
    pub fn models(self: &Arc<Self>) -> Arc<dyn ChatProvider> {
        Arc::new(CurrentModels(Arc::downgrade(self)))
    }

    /// Publishes the active plugins of a registry, now and whenever they change, until the [`Follow`] is dropped. `changes` are
    /// those of the registry's host ([`Host::subscribe`](portcullis_host_core::Host::subscribe)).
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn follow(self: &Arc<Self>, registry: &Registry, mut changes: Changes) -> Follow {
        let (extensions, registry) = (Arc::clone(self), registry.clone());
        extensions.publish(&active(&registry));
        Follow(tokio::spawn(async move {
            while changes.next().await.is_some() {
                extensions.publish(&active(&registry));
            }
        }))
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extensions").field(&self.snapshot()).finish()
    }
}

struct CurrentModels(Weak<Extensions>);

impl CurrentModels {
    fn now(&self) -> Result<Arc<Routed>, ChatError> {
        let extensions = self.0.upgrade();
        let extensions = extensions.ok_or_else(|| ChatError::unavailable("the agent has ended"))?;
        Ok(Arc::clone(&extensions.snapshot().models))
    }
}

#[async_trait]
impl ChatProvider for CurrentModels {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        self.now()?.models().await
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        self.now()?.chat(request).await
    }
}

/// Raises the events of an observer bridge at the handlers that there are when it does.
#[derive(Debug)]
pub struct HookBridge(Weak<Extensions>);

impl HookBridge {
    /// A way to these extensions, which it does not keep.
    pub fn new(extensions: &Arc<Extensions>) -> Self {
        Self(Arc::downgrade(extensions))
    }
}

#[async_trait]
impl Raise for HookBridge {
    async fn raise(&self, point: &'static Point, payload: Value) {
        if let Some(extensions) = self.0.upgrade() {
            let table = Arc::clone(&extensions.snapshot().hooks);
            // At these points nothing is decided: what comes of it is nothing, and what observers want is taken elsewhere.
            extensions.runner.raise(&table, point, || payload).await;
        }
    }

    fn is_observed(&self, point: &'static Point) -> bool {
        let extensions = self.0.upgrade();
        extensions.is_some_and(|extensions| extensions.snapshot().hooks.has(point))
    }
}

/// Keeps [`Extensions`] in step with a registry, until it is dropped.
#[derive(Debug)]
#[must_use = "extensions follow a registry until this is dropped"]
pub struct Follow(JoinHandle<()>);

impl Drop for Follow {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn active(registry: &Registry) -> Vec<Plugin> {
    let snapshot = registry.snapshot();
    let entries = snapshot.entries().iter();
    entries
        .filter_map(|entry| entry.plugin().cloned())
        .collect()
}

fn roles(plugin: &Plugin) -> impl Iterator<Item = RoleDefinition> {
    plugin.roles().iter().map(|role| RoleDefinition {
        plugin: plugin.id().clone(),
        name: role.name.clone(),
        model: role.model.clone(),
        prompt: role.prompt.clone(),
        tools: role.tools.clone(),
        thinking_level: role.thinking_level.clone(),
    })
}
