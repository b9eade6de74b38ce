//! A conversation that shows everything at work, on this machine alone: a script stands in for the models.
//!
//! The small model is asked by the plugin `openai-compatible`, over HTTP, through the gate, with a key that the plugin never sees; the
//! large one by a native provider.

mod model;
pub mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_host_agent::core::secret::{MemorySecrets, SecretStore, SecretString, Use};
use portcullis_host_agent::core::{
    Cancellation, Grant, Host, LoadOptions, MemoryState, Plugin, Services,
};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::hook::HookOptions;
use portcullis_host_agent::observer::Redactor;
use portcullis_host_agent::provider::Scripted;
use portcullis_host_agent::service::{ProviderLlm, RegistryInvoke};
use portcullis_host_agent::tool::{Approvals, Unattended};
use serde_json::{Map, Value, json};

use crate::agent::{Agent, Settings, approvals};
use crate::tools::{DeleteFile, ReadFile};
use crate::ui::{Shown, Ui};

/// The plugins that take part.
pub const PLUGINS: [&str; 6] = [
    "audit-trail",
    "designer",
    "guard",
    "openai-compatible",
    "redact",
    "text-tools",
];

/// What the operator gives the host for the model's server, and no plugin sees.
const KEY: &str = "sk-demo-key-that-no-plugin-sees";

/// How long a handler may take: nothing of the conversation depends on how busy the machine is.
const HOOK_DEADLINE: Duration = Duration::from_secs(5);

/// What is said, in this order.
const MESSAGES: [&str; 4] = [
    "How long are my notes, and who wrote them? Clean up afterwards.",
    "Now design a poster for the talk.",
    "And a smaller one.",
    "/status thank you",
];

/// The file that the agent reads. The address in it is what a hook takes out.
const NOTES: &str = "Notes for the talk, by Ada.\nAsk ada@example.org about the slides.\n";

/// The agent of the demo, before it starts.
pub struct Demo {
    /// The agent.
    pub agent: Agent,
    /// What it is extended by.
    pub extensions: Arc<Extensions>,
    /// Its plugins' host.
    pub host: Host,
    folder: PathBuf,
    _server: server::Server,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.extensions.clear();
        // Made for the demo alone.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Shows the conversation. `folder` has the built plugins.
///
/// # Errors
/// Where something of it can't be set up.
pub async fn run(folder: &Path, ui: Arc<dyn Ui>) -> Result<()> {
    let file = |name: &str| folder.join(format!("{name}.wasm"));
    let demo = Demo::new(file, Arc::clone(&ui)).await?;
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
    pub async fn new(file: impl Fn(&str) -> PathBuf, ui: Arc<dyn Ui>) -> Result<Self> {
        let server = server::Server::start(KEY).await?;
        let work = work_folder()?;
        let approvals = approvals(Unattended::default());
        let options = HookOptions {
            deadline: HOOK_DEADLINE,
            ..HookOptions::default()
        };
        let extensions = Extensions::builder()
            .hook_options(options)
            .tool(ReadFile::new(&work))?
            .tool(DeleteFile::new(&work))?
            .provider("scripted", Arc::new(Scripted::reacting(model::large)))
            .route("demo-large", "scripted")
            .route("demo-small", "org.portcullis.openai-compatible/openai");
        let extensions = Arc::new(extensions.build());
        let host = host(&extensions, &approvals).await?;
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
            compact_at: 60,
            ..Settings::default()
        };
        Ok(Self {
            agent: Agent::new(
                Arc::clone(&extensions),
                settings,
                approvals,
                ui,
                Redactor::new([KEY])?,
            ),
            extensions,
            host,
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
        self.agent.heartbeat();
        let mut session = self.agent.open("demo").await?;
        for message in MESSAGES {
            ui.show(Shown::Note(format!("you> {message}")));
            let cancel = Cancellation::new();
            self.agent.handle(&mut session, message, &cancel).await;
        }
        self.agent.close(session, "end-of-input");
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

async fn host(extensions: &Arc<Extensions>, approvals: &Arc<Approvals>) -> Result<Host> {
    let secrets = MemorySecrets::new();
    secrets
        .set(&"OPENAI_API_KEY".parse()?, SecretString::from(KEY))
        .await?;
    let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), Arc::clone(approvals))
        .under_hooks(extensions);
    let services = Services {
        llm: Some(Arc::new(ProviderLlm::new(
            extensions.models(),
            "demo-small",
        ))),
        invoke: Some(Arc::new(invoke)),
        ..Services::default()
    };
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
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("notes.txt"), NOTES)?;
    Ok(folder)
}
