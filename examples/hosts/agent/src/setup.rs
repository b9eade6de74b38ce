//! Plugins, providers and services: from the command line and the operator's portcullis.toml.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use portcullis_host_agent::builtin::{BootScript, SessionMemory, boot_script};
use portcullis_host_agent::core::secret::{MemorySecrets, SecretStore as _, SecretString};
use portcullis_host_agent::core::{
    ConfigFile, Host, Limits, Planner, PluginDir, Registry, RegistryOptions, Services, TrustFolder,
    Watch,
};
use portcullis_host_agent::extension::{Extensions, ExtensionsBuilder, Follow};
use portcullis_host_agent::hook::HookOptions;
use portcullis_host_agent::observer::Redactor;
use portcullis_host_agent::provider::{OpenAi, Scripted, Turn};
use portcullis_host_agent::service::{CommandPlanner, Corpora, ProviderLlm, RegistryInvoke};
use portcullis_host_agent::tool::{Approvals, ToolPattern};
use portcullis_host_policy::config::{Effective, Said};

use crate::tools::{DeleteFile, ReadFile};

/// How long a handler of a hook may take: one that keeps something writes it to the disk, and others of its plugin wait for that.
const HOOK_DEADLINE: Duration = Duration::from_millis(250);

/// A terminal agent whose tools, hooks, models and roles can be plugins.
#[derive(Clone, Debug, Parser)]
#[command(name = "agent", version)]
pub struct Args {
    /// Shows a whole conversation with the plugins of this folder (`cargo xtask build-examples` makes it), without any model.
    #[arg(long, value_name = "FOLDER")]
    pub demo: Option<PathBuf>,
    /// A server that speaks OpenAI's chat completions, such as http://127.0.0.1:8000/v1. Without one, and without a route to a
    /// plugin's provider, a script answers.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The environment variable that holds the server's key.
    #[arg(long, value_name = "NAME", default_value = "OPENAI_API_KEY")]
    pub key_env: String,
    /// The model that is asked.
    #[arg(long, value_name = "NAME", default_value = "demo-small")]
    pub model: String,
    /// Sends models that match to a provider: `PATTERN=PROVIDER`, a plugin's as `PATTERN=PLUGIN/NAME`.
    #[arg(long, value_name = "ROUTE", value_parser = pair)]
    pub route: Vec<(String, String)>,
    /// The operator's configuration; the usual places are searched otherwise.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Gives the host a secret from the environment, for the requests that portcullis.toml binds it to: `NAME=VARIABLE`.
    #[arg(long, value_name = "SECRET", value_parser = pair)]
    pub secret: Vec<(String, String)>,
    /// Leaves plugins out.
    #[arg(long)]
    pub no_plugins: bool,
    /// The folder that the agent's own tools work in.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
    /// Lets plugins that were granted it search these texts: `NAME=FOLDER`.
    #[arg(long, value_name = "CORPUS", value_parser = pair)]
    pub corpus: Vec<(String, String)>,
    /// A planner's command, with {domain} and {problem} in the places of its files.
    #[arg(long, value_name = "COMMAND", num_args = 1.., value_terminator = ";", allow_hyphen_values = true)]
    pub planner: Vec<String>,
    /// Adds a file's text to the prompt when a session starts.
    #[arg(long, value_name = "FILE")]
    pub boot_file: Option<PathBuf>,
    /// Remembers sessions, and recalls them at the start of others.
    #[arg(long)]
    pub memory: bool,
    /// Lets tools be called without asking, where nobody is at the terminal: `PLUGIN/TOOL*` or `native/TOOL`.
    #[arg(long, value_name = "TOOL")]
    pub allow_tool: Vec<ToolPattern>,
    /// Works on this message and ends; again for more of them.
    #[arg(long, short, value_name = "TEXT")]
    pub message: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((parts.0.to_owned(), parts.1.to_owned()))
}

/// The plugins' side of the agent; dropped, its plugins go.
pub struct Plugged {
    host: Host,
    extensions: Arc<Extensions>,
    _registry: Registry,
    _watch: Option<Watch>,
    _follow: Follow,
}

impl Drop for Plugged {
    fn drop(&mut self) {
        // Services hold the tools, and tools their plugins, whose host holds the services.
        self.extensions.clear();
        self.host.flush();
    }
}

/// The agent's own tools, hooks and providers.
///
/// # Errors
/// What of the arguments can't be used.
pub fn extensions(args: &Args) -> Result<ExtensionsBuilder> {
    let options = HookOptions {
        deadline: HOOK_DEADLINE,
        ..HookOptions::default()
    };
    let mut builder = Extensions::builder()
        .hook_options(options)
        .tool(ReadFile::new(&args.folder))?
        .tool(DeleteFile::new(&args.folder))?;
    if let Some(endpoint) = &args.endpoint {
        let key = std::env::var(&args.key_env).ok();
        let provider = OpenAi::new(endpoint, key.map(Into::into))?;
        builder = builder
            .provider("openai", Arc::new(provider))
            .route("*", "openai");
    } else if args.route.is_empty() {
        builder = builder
            .provider("scripted", Arc::new(Scripted::reacting(echo)))
            .route("*", "scripted");
    }
    for (pattern, provider) in &args.route {
        builder = builder.route(pattern, provider);
    }
    if let Some(file) = &args.boot_file {
        let script = BootScript::new(boot_script::Source::File(file.clone()));
        builder = builder.builtin(script.hooks());
    }
    if args.memory {
        builder = builder.builtin(SessionMemory::in_user_folder("agent").hooks());
    }
    Ok(builder)
}

/// What the script says where there is no model.
fn echo(request: &portcullis_host_agent::contract::chat::ChatRequest) -> Turn {
    let said = request.messages.last().map(|message| message.text());
    let said = said.unwrap_or_default();
    Turn::new().text(&format!(
        "There is no model here, only a script. You said: {said}"
    ))
}

/// What plugins may ask of their host, where they are granted it.
fn services(
    args: &Args,
    extensions: &Arc<Extensions>,
    approvals: &Arc<Approvals>,
) -> Result<Services> {
    let llm = ProviderLlm::new(extensions.models(), &args.model);
    let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), Arc::clone(approvals))
        .under_hooks(extensions);
    let mut services = Services {
        llm: Some(Arc::new(llm)),
        planner: planner(args)?,
        invoke: Some(Arc::new(invoke)),
        ..Services::default()
    };
    if !args.corpus.is_empty() {
        let mut corpora = BTreeMap::<String, Vec<PathBuf>>::new();
        for (name, folder) in &args.corpus {
            corpora.entry(name.clone()).or_default().push(folder.into());
        }
        services.retrieval = Some(Arc::new(Corpora::open(corpora)?));
    }
    Ok(services)
}

/// The planner that the command line names.
///
/// # Errors
/// Where its command has no places for its files.
pub fn planner(args: &Args) -> Result<Option<Arc<dyn Planner>>> {
    let Some((program, arguments)) = args.planner.split_first() else {
        return Ok(None);
    };
    let planner = CommandPlanner::new(program, arguments.iter().cloned())?;
    Ok(Some(Arc::new(planner)))
}

/// The secrets that the command line names.
async fn secrets(args: &Args) -> Result<MemorySecrets> {
    let secrets = MemorySecrets::new();
    for (name, variable) in &args.secret {
        let value = std::env::var(variable)
            .with_context(|| format!("the variable {variable} is not set"))?;
        secrets
            .set(&name.parse()?, SecretString::from(value))
            .await?;
    }
    Ok(secrets)
}

/// Knows the values of the secrets that the agent has.
///
/// # Errors
/// Where they are too many to look for.
pub fn redactor(args: &Args) -> Result<Redactor> {
    let variables = args.secret.iter().map(|(_, variable)| variable);
    let values = variables
        .chain([&args.key_env])
        .filter_map(|name| std::env::var(name).ok());
    Ok(Redactor::new(values)?)
}

/// Finds the operator's plugins, loads them, and keeps in step with their folders. None where plugins are off.
///
/// # Errors
/// Where configuration, trust or services can't be used. What is wrong with a plugin is said in the log.
pub async fn plug_in(
    args: &Args,
    extensions: &Arc<Extensions>,
    approvals: &Arc<Approvals>,
) -> Result<Option<Plugged>> {
    let file = args
        .config
        .clone()
        .map(ConfigFile::new)
        .or_else(ConfigFile::find);
    let settings = settings(file.as_ref())?;
    if args.no_plugins || !settings.enabled.value {
        return Ok(None);
    }
    let host = Host::builder()
        .network(!settings.offline.value)
        .limits(Limits::default().set_by(settings.limits()))
        .ceiling(settings.ceiling())
        .services(services(args, extensions, approvals)?)
        .secrets(Arc::new(secrets(args).await?))
        .protect(file.map(|file| file.path().to_owned()))
        .build()?;
    let dirs = match &settings.dirs.value {
        Some(dirs) => dirs.iter().map(PluginDir::user).collect(),
        None => PluginDir::defaults(),
    };
    let trust = TrustFolder::default_folder();
    let trust = trust.context("there is no home folder to keep trust in")?;
    let mut options = RegistryOptions::new(dirs, TrustFolder::new(trust));
    options.signatures = settings.signatures.value;
    options.plugins = settings.plugins().clone();
    let changes = host.subscribe();
    let registry = host.open_registry(options).await?;
    let watch = settings.hot_reload.value.then(|| registry.watch());
    let follow = extensions.follow(&registry, changes);
    Ok(Some(Plugged {
        host,
        extensions: Arc::clone(extensions),
        _registry: registry,
        _watch: watch,
        _follow: follow,
    }))
}

/// What the operator's file and variables come to.
fn settings(file: Option<&ConfigFile>) -> Result<Effective> {
    let config = file.map(ConfigFile::read).transpose()?.unwrap_or_default();
    let variables = Said::by_variables(|name| std::env::var_os(name));
    let variables = variables.map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(lines.join("\n"))
    })?;
    Ok(config.resolve(variables, Said::default()))
}
