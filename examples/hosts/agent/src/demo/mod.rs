//! A conversation that shows everything at work, on this machine alone: a script stands in for the models.
//!
//! The small model is asked by the plugin `openai-compatible`, over HTTP, through the gate, with a key that the plugin never sees; the
//! large one by a native provider.

mod model;
pub mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_host_agent::builtin::{BootScript, SessionMemory, boot_script};
use portcullis_host_agent::contract::chat::ChatError;
use portcullis_host_agent::core::secret::{MemorySecrets, SecretStore, SecretString, Use};
use portcullis_host_agent::core::{
    Cancellation, Grant, Host, LoadOptions, MemoryState, Planner, Plugin, Services,
};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::hook::HookOptions;
use portcullis_host_agent::observer::Redactor;
use portcullis_host_agent::provider::{Candidate, Resilient, Retry, Scripted, Turn};
use portcullis_host_agent::service::{Corpora, ProviderLlm, RegistryInvoke};
use portcullis_host_agent::tool::{Approvals, Unattended};
use serde_json::{Map, Value, json};

use crate::agent::{Agent, Settings, approvals};
use crate::tools::{DeleteFile, ReadFile};
use crate::ui::{Shown, Ui};

/// The plugins that take part.
pub const PLUGINS: [&str; 7] = [
    "audit-trail",
    "designer",
    "guard",
    "openai-compatible",
    "planner-tool",
    "redact",
    "text-tools",
];

/// What the operator gives the host for the model's server, and no plugin sees.
const KEY: &str = "sk-demo-key-that-no-plugin-sees";

/// How long a handler may take: nothing of the conversation depends on how busy the machine is.
const HOOK_DEADLINE: Duration = Duration::from_secs(5);

/// What is said, in this order: one conversation, and another after it.
const CONVERSATIONS: [(&str, &[&str]); 2] = [
    (
        "demo",
        &[
            "How long are my notes, and who wrote them? Clean up afterwards.",
            "In which order does the van go round?",
            "Now design a poster for the talk.",
            "And a smaller one.",
            "/model demo-small\n/prompt You say goodbye.\n/nudge Mention the hall.\n/quiet\n/stop it is late\n/header Goodbye\nThat is all.",
            "/status thank you",
        ],
    ),
    ("later", &["What did we do last time?"]),
];

/// It asks a model, which takes an approval.
const PITCH: &str = "org.portcullis.designer/pitch";

/// What the operator has every conversation begin with.
const BOOT: &str = "The talk is given at the Orchard conference.";

/// The file that the agent reads. The address in it is what a hook takes out.
const NOTES: &str = "Notes for the talk, by Ada.\nAsk ada@example.org about the slides.\n";

/// What the operator lets plugins search.
const ROUND: &str =
    "The van is at the depot.\nPackage posters is at the printer, goes to the hall.\n";

/// The agent of the demo, before it starts.
pub struct Demo {
    /// The agent.
    pub agent: Agent,
    /// What it is extended by.
    pub extensions: Arc<Extensions>,
    /// Its plugins' host.
    pub host: Host,
    /// The large model that can't be had, so that another stands in for it.
    overloaded: Arc<Scripted>,
    folder: PathBuf,
    _server: server::Server,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.extensions.clear();
        // Made for the demo alone.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Shows the conversation. `folder` has the built plugins; without a planner, the van's round is not planned.
///
/// # Errors
/// Where something of it can't be set up.
pub async fn run(folder: &Path, planner: Option<Arc<dyn Planner>>, ui: Arc<dyn Ui>) -> Result<()> {
    let file = |name: &str| folder.join(format!("{name}.wasm"));
    let demo = Demo::new(file, planner, Arc::clone(&ui)).await?;
    demo.converse(&*ui).await?;
    let report = demo.audit().await?;
    ui.show(Shown::Note(format!("audit-trail counted: {report}")));
    Ok(())
}

impl Demo {
    /// Starts the model's server, loads the plugins with what each asks for, and puts the agent together. `file` says where each of
    /// [`PLUGINS`] is.
    ///
    /// # Errors
    /// Where a plugin is missing or can't be loaded, or no port is free.
    pub async fn new(
        file: impl Fn(&str) -> PathBuf,
        planner: Option<Arc<dyn Planner>>,
        ui: Arc<dyn Ui>,
    ) -> Result<Self> {
        let server = server::Server::start(KEY).await?;
        let work = work_folder()?;
        // Nobody is there to be asked; the operator says what may be done without.
        let approvals = approvals(Unattended::allowing([PITCH.parse()?]));
        let overloaded = Arc::new(Scripted::reacting(|_| Turn::refuse(busy())));
        let extensions = Arc::new(extensions(&work, &overloaded)?);
        let services = services(&extensions, &approvals, planner, &work)?;
        let host = host(services).await?;
        let mut plugins = Vec::new();
        for name in PLUGINS {
            let file = file(name);
            let plugin = load(&host, &file, &server).await;
            plugins.push(plugin.with_context(|| format!("{} can't be loaded", file.display()))?);
        }
        let snapshot = extensions.publish(&plugins);
        ensure!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
        let settings = Settings {
            // So that the notes alone are too much to remember word by word.
            compact_at: 100,
            ..Settings::default()
        };
        let redactor = Redactor::new([KEY])?;
        Ok(Self {
            agent: Agent::new(Arc::clone(&extensions), settings, approvals, ui, redactor),
            extensions,
            host,
            overloaded,
            folder: work,
            _server: server,
        })
    }

    /// Holds the whole conversation.
    ///
    /// # Errors
    /// Where a gate keeps the agent from starting.
    pub async fn converse(&self, ui: &dyn Ui) -> Result<()> {
        self.agent.start().await?;
        let snapshot = self.extensions.snapshot();
        let roles = snapshot.roles.list().into_iter().map(|role| role.name);
        let roles = roles.collect::<Vec<_>>().join(", ");
        ui.show(Shown::Note(format!("roles that plugins bring: {roles}")));
        self.agent.heartbeat();
        for (id, messages) in CONVERSATIONS {
            let mut session = self.agent.open(id).await?;
            for message in messages {
                ui.show(Shown::Note(format!("you> {message}")));
                let cancel = Cancellation::new();
                self.agent.handle(&mut session, message, &cancel).await;
            }
            self.agent.close(session, "end-of-input");
            // Who remembers conversations is told of their end before the next one.
            self.agent.settle().await;
        }
        let busy = self.overloaded.requests().len();
        ui.show(Shown::Note(format!(
            "the first studio was too busy for {busy} of them, and the second answered"
        )));
        self.agent.stop("end-of-input").await;
        Ok(())
    }

    /// What the plugin `audit-trail` saw.
    ///
    /// # Errors
    /// Where it can't be asked.
    pub async fn audit(&self) -> Result<Value> {
        let snapshot = self.extensions.snapshot();
        let id = "org.portcullis.audit-trail".parse()?;
        let plugin = snapshot.plugin(&id).context("audit-trail is not there")?;
        let report = plugin
            .call("audit_report", json!({}), Default::default())
            .await?;
        let report = report.structured.context("it gives a structured report")?;
        Ok(report["counts"].clone())
    }
}

fn busy() -> ChatError {
    ChatError::unavailable("too many want a poster now").retryable(None)
}

/// The agent's own tools, hooks and models.
fn extensions(work: &Path, overloaded: &Arc<Scripted>) -> Result<Extensions> {
    let options = HookOptions {
        deadline: HOOK_DEADLINE,
        ..HookOptions::default()
    };
    let first = Candidate::new("first studio", Arc::clone(overloaded) as _);
    let second = Candidate::new("second studio", Arc::new(Scripted::reacting(model::large)));
    let once = Retry {
        tries: 1,
        ..Retry::default()
    };
    let memory = SessionMemory::new(Arc::new(MemoryState::default()), "demo");
    let boot = BootScript::new(boot_script::Source::Text(BOOT.to_owned()));
    let extensions = Extensions::builder()
        .hook_options(options)
        .tool(ReadFile::new(work))?
        .tool(DeleteFile::new(work))?
        .builtin(boot.hooks())
        .builtin(memory.hooks())
        .provider(
            "studios",
            Arc::new(Resilient::new(first).or(second).retry(once)),
        )
        .route("demo-large", "studios")
        .route("demo-small", "org.portcullis.openai-compatible/openai");
    Ok(extensions.build())
}

/// What plugins may ask of the agent.
fn services(
    extensions: &Arc<Extensions>,
    approvals: &Arc<Approvals>,
    planner: Option<Arc<dyn Planner>>,
    work: &Path,
) -> Result<Services> {
    let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), Arc::clone(approvals))
        .under_hooks(extensions);
    let texts = BTreeMap::from([("round".to_owned(), vec![work.join("round")])]);
    let llm = ProviderLlm::new(extensions.models(), "demo-small");
    Ok(Services {
        llm: Some(Arc::new(llm)),
        retrieval: Some(Arc::new(Corpora::open(texts)?)),
        planner,
        invoke: Some(Arc::new(invoke)),
        ..Services::default()
    })
}

async fn host(services: Services) -> Result<Host> {
    let secrets = MemorySecrets::new();
    secrets
        .set(&"OPENAI_API_KEY".parse()?, SecretString::from(KEY))
        .await?;
    let host = Host::builder()
        .network(true)
        .secrets(Arc::new(secrets))
        .state_store(Arc::new(MemoryState::default()))
        .services(services)
        .no_audit();
    Ok(host.build()?)
}

/// Loads a plugin as an operator would who grants it what it asks for, and its server at the address of the demo's.
async fn load(host: &Host, file: &Path, server: &server::Server) -> Result<Plugin> {
    let manifest = host
        .inspect(file.to_owned())
        .await?
        .manifest
        .context("it has no manifest")?;
    let mut grant = Grant::none();
    for capability in manifest.capabilities.request {
        grant = grant.allow(capability);
    }
    let mut options = LoadOptions::default();
    if manifest.plugin.id.as_str() == "org.portcullis.openai-compatible" {
        grant = grant.bind("server".parse()?, server.host());
        options.config = Map::from_iter([("base".to_owned(), json!(server.base()))]);
        options.secrets = vec![Use {
            secret: "OPENAI_API_KEY".parse()?,
            to: format!("GET,POST {}/*", server.base()).parse()?,
            placement: "bearer".parse()?,
        }];
    }
    options.grant = grant;
    Ok(host.load_with(file.to_owned(), options).await?)
}

/// A folder of the demo's own, with the notes in it.
fn work_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("portcullis-demo-{}", std::process::id()));
    fs::create_dir_all(folder.join("round"))?;
    fs::write(folder.join("notes.txt"), NOTES)?;
    fs::write(folder.join("round/today.txt"), ROUND)?;
    Ok(folder)
}
