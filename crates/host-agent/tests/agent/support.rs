//! What the tests share: plugins under ids of a test's choice, and an agent around them whose own tools note their calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_agent::contract::chat::ToolUse;
use portcullis_host_agent::core::{
    Capability, Digest, Error, Grant, Host, HostBuilder, LimitOverrides, LoadOptions, Plugin,
    Services, ToolDefinition, ToolOutput,
};
use portcullis_host_agent::extension::{ExtensionSnapshot, Extensions, ExtensionsBuilder};
use portcullis_host_agent::hook::{
    Author, HookHandler, HookOptions, HookTable, Mode, Phase, Point, Subscription, subscriptions,
};
use portcullis_host_agent::tool::{
    Answer, ApprovalRequest, Approvals, Approver, CallScope, Called, Place, Tool, ToolCall,
    ToolCaller, ToolSnapshot,
};
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{SecretKey, Signatures, Statement};
use serde_json::{Value, json};

/// Longer than a handler takes on any machine: no test depends on how fast guests are.
const PATIENCE: Duration = Duration::from_secs(60);

/// For guests that use all of it.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// All that handlers of this point can be granted.
pub(crate) const TOOL_CALL: [&str; 4] = [
    "hook:before-tool-call",
    "hook-content:before-tool-call",
    "hook-modify:before-tool-call",
    "hook-gate:before-tool-call",
];

pub(crate) fn builder() -> HostBuilder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::builder()
        .cache_dir(cache)
        .no_audit()
        .max_in_flight(16)
}

pub(crate) fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

/// A guest under this id, which asks for these capabilities.
pub(crate) fn named(guest: &str, id: &str, capabilities: &[&str]) -> Vec<u8> {
    with_manifest(&fs::read(guest).unwrap(), id, "0.1.0", capabilities)
}

fn with_manifest(component: &[u8], id: &str, version: &str, capabilities: &[&str]) -> Vec<u8> {
    let manifest = format!(
        "[plugin]\nid = \"{id}\"\nversion = \"{version}\"\n[capabilities]\nrequest = {capabilities:?}\n"
    );
    section::embed(component, &manifest).unwrap()
}

/// One version of a plugin of which there are as many as a test wants.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: &'a str,
    /// Four characters that its tool `marker` answers with, twice.
    pub(crate) mark: &'a str,
    /// Sixteen bytes, as WebAssembly's text format writes them.
    pub(crate) description: &'a str,
    /// What it asks for.
    pub(crate) request: &'a [&'a str],
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            id: "org.example.one",
            version: "1.0.0",
            mark: "0001",
            description: "Says what it is.",
            request: &[],
        }
    }
}

impl Made<'_> {
    pub(crate) fn bytes(self) -> Vec<u8> {
        let text = include_str!("../../../host-core/tests/registry/versions.wat")
            .replace("\"DESCRIPTION\"", &format!("\"{}\"", self.description))
            .replace("\"MARK\"", &format!("\"{}\"", self.mark));
        let component = wat::parse_str(text).unwrap();
        with_manifest(&component, self.id, self.version, self.request)
    }

    /// Puts it at a path, signed by this key, each file whole at once.
    pub(crate) fn put(self, path: &Path, key: &SecretKey) {
        let bytes = self.bytes();
        let statement = Statement {
            id: self.id.parse().unwrap(),
            version: self.version.parse().unwrap(),
            digest: Digest::of(&bytes),
        };
        let mut signatures = Signatures::default();
        signatures.add(key.sign(&statement));
        let place = |path: &Path, bytes: &[u8]| {
            let new = path.with_extension("new");
            fs::write(&new, bytes).unwrap();
            fs::rename(new, path).unwrap();
        };
        place(
            &path.with_extension("wasm.sig"),
            signatures.to_string().as_bytes(),
        );
        place(path, &bytes);
    }
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// What the agent's own tools were called with.
type Notes = Arc<Mutex<Vec<Value>>>;

/// A tool of the agent's own.
struct Noting {
    definition: ToolDefinition,
    notes: Notes,
}

impl Noting {
    fn new(name: &str, notes: &Notes) -> Self {
        let schema = json!({ "type": "object" });
        Self {
            definition: ToolDefinition::new(name, "Notes what it is called with.", schema),
            notes: Arc::clone(notes),
        }
    }

    fn destructive(mut self) -> Self {
        let annotations = &mut self.definition.annotations;
        annotations.insert("destructive".to_owned(), "true".to_owned());
        self
    }
}

#[async_trait]
impl Tool for Noting {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        tokio::task::yield_now().await;
        self.notes.lock().unwrap().push(call.arguments);
        Ok(ToolOutput::text_of("noted"))
    }
}

/// Somebody who is asked for approval.
pub(crate) struct Person {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<ApprovalRequest>>,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Person {
    pub(crate) fn asked(&self) -> Vec<ApprovalRequest> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What happens while the next question is being thought about.
    pub(crate) fn meanwhile(&self, happens: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(happens));
    }
}

#[async_trait]
impl Approver for Person {
    async fn approve(&self, request: &ApprovalRequest) -> Answer {
        self.asked.lock().unwrap().push(request.clone());
        let happens = self.meanwhile.lock().unwrap().take();
        happens.into_iter().for_each(|happens| happens());
        tokio::task::yield_now().await;
        self.answer.lock().unwrap().clone()
    }
}

/// An agent: `native/read_file` needs no approval, `native/delete_file` does, and both note what they are called with.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) caller: ToolCaller,
    pub(crate) person: Arc<Person>,
    notes: Notes,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|extensions| extensions)
    }

    /// With more of the agent's own.
    pub(crate) fn with(own: impl FnOnce(ExtensionsBuilder) -> ExtensionsBuilder) -> Self {
        Self::serving(builder(), own, |_, _| Services::default())
    }

    /// With services, which know the extensions and who approves.
    pub(crate) fn serving(
        host: HostBuilder,
        own: impl FnOnce(ExtensionsBuilder) -> ExtensionsBuilder,
        services: impl FnOnce(&Arc<Extensions>, &Arc<Approvals>) -> Services,
    ) -> Self {
        let notes = Notes::default();
        let hook_options = HookOptions {
            deadline: PATIENCE,
            ..HookOptions::default()
        };
        let extensions = Extensions::builder()
            .hook_options(hook_options)
            .tool(Noting::new("read_file", &notes))
            .unwrap()
            .tool(Noting::new("delete_file", &notes).destructive())
            .unwrap();
        let extensions = Arc::new(own(extensions).build());
        let person = Arc::new(Person {
            answer: Mutex::new(Answer::Once),
            asked: Mutex::default(),
            meanwhile: Mutex::default(),
        });
        let approvals = Arc::new(Approvals::new(Arc::clone(&person) as _));
        let host = host.services(services(&extensions, &approvals));
        Self {
            host: host.build().unwrap(),
            caller: ToolCaller::new(extensions.hooks().clone(), approvals),
            extensions,
            person,
            notes,
        }
    }

    /// Loads a guest under this id, which asks for these capabilities and is granted them.
    pub(crate) async fn load(&self, guest: &str, id: &str, granted: &[&str]) -> Plugin {
        self.load_within(guest, id, granted, LimitOverrides::default())
            .await
    }

    pub(crate) async fn load_within(
        &self,
        guest: &str,
        id: &str,
        granted: &[&str],
        limits: LimitOverrides,
    ) -> Plugin {
        let options = LoadOptions {
            grant: Grant::from_caps(granted.iter().copied().map(capability)),
            limits,
            ..LoadOptions::default()
        };
        let bytes = named(guest, id, granted);
        self.host.load_with(bytes, options).await.unwrap()
    }

    pub(crate) fn publish(&self, plugins: &[&Plugin]) -> Arc<ExtensionSnapshot> {
        let plugins: Vec<_> = plugins.iter().copied().cloned().collect();
        self.extensions.publish(&plugins)
    }

    /// Does as a model wants that calls a tool by the name that it knows.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Called {
        let snapshot = self.extensions.snapshot();
        self.call_in(&snapshot.tools, &snapshot.hooks, tool, arguments)
            .await
    }

    /// The same under these hooks.
    pub(crate) async fn call_under(
        &self,
        hooks: &Arc<HookTable>,
        tool: &str,
        arguments: Value,
    ) -> Called {
        let tools = Arc::clone(&self.extensions.snapshot().tools);
        self.call_in(&tools, hooks, tool, arguments).await
    }

    pub(crate) async fn call_in(
        &self,
        tools: &ToolSnapshot,
        hooks: &Arc<HookTable>,
        tool: &str,
        arguments: Value,
    ) -> Called {
        let scope = CallScope {
            session: Some("s".to_owned()),
            ..CallScope::default()
        };
        let wish = wish(tool, &arguments);
        self.caller.call(tools, hooks, PLACE, &wish, scope).await
    }

    /// Takes what the agent's own tools were called with.
    pub(crate) fn noted(&self) -> Vec<Value> {
        std::mem::take(&mut *self.notes.lock().unwrap())
    }

    pub(crate) fn nothing_runs(&self) {
        let stats = self.host.stats();
        assert_eq!((stats.live_instances, stats.calls_in_flight), (0, 0));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Services hold the tools, and tools their plugins, whose host holds the services.
        self.extensions.publish(&[]);
    }
}

pub(crate) const PLACE: Place<'static> = Place {
    session: "s",
    turn: 1,
};

pub(crate) fn wish(tool: &str, arguments: &Value) -> ToolUse {
    ToolUse {
        id: "call-1".to_owned(),
        name: tool.to_owned(),
        arguments: arguments.to_string(),
    }
}

/// One handler of a plugin.
pub(crate) fn handler_of(plugin: &Plugin, hook: &str) -> Subscription {
    let mut all = subscriptions(plugin).into_iter();
    all.find(|subscription| subscription.name == hook).unwrap()
}

/// A gate of the agent's own before tools are called.
pub(crate) fn native_gate(name: &str, handler: Arc<dyn HookHandler>) -> Subscription {
    Subscription {
        author: Author::Native,
        name: name.to_owned(),
        point: Point::named("before-tool-call").unwrap(),
        mode: Mode::Gate,
        phase: Phase::Policy,
        priority: 0,
        deadline: None,
        permits: None,
        handler,
    }
}

/// These handlers, all of which count.
pub(crate) fn table(handlers: Vec<Subscription>) -> Arc<HookTable> {
    let (table, refused) = HookTable::new(handlers);
    assert!(refused.is_empty(), "{refused:?}");
    Arc::new(table)
}

/// What a snapshot could not take in, in words.
pub(crate) fn problems(snapshot: &ExtensionSnapshot) -> Vec<String> {
    snapshot.problems.iter().map(ToString::to_string).collect()
}
