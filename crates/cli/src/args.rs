//! The command line.

mod audit;
mod config;
mod dev;
mod http;
mod mcp;
mod plugins;
mod secret;
mod serve;
mod trust;

pub(crate) use audit::{AuditCommand, WantedArgs};
pub(crate) use config::{ConfigArgs, ConfigCommand, ConfigShowArgs};
pub(crate) use dev::DevArgs;
pub(crate) use http::HttpArgs;
pub(crate) use mcp::{
    Lifetime, McpClient, McpCommand, McpConfigArgs, TokenCommand, TokenCreateArgs, TokensArgs,
};
pub(crate) use plugins::{DecideArgs, EnableArgs, PluginsCommand};
pub(crate) use secret::{BindArgs, SecretCommand, SecretsArgs, StoreKind, UnbindArgs};
pub(crate) use serve::ServeArgs;
pub(crate) use trust::{
    KeygenArgs, KeysArgs, SignArgs, TrustAddArgs, TrustArgs, TrustCommand, VerifyArgs,
};

use crate::arguments::Assignment;
use bytesize::ByteSize;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use portcullis_host_core::{Capability, Grant};
use portcullis_host_policy::capability::{CapabilityError, SlotName};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The heading over the options that every command takes.
const GLOBAL: &str = "Global options";

/// Make, check, inspect and call sandboxed plugins.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = crate::exit::HELP, max_term_width = 120)]
pub(crate) struct Cli {
    /// How results and errors are written: for people, or for programs in a stable shape.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = GLOBAL)]
    pub(crate) output: Format,

    /// Say on stderr what the host does: cache, times, every log line.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results and errors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // No doc comments: clap would turn every command's help into its long form to show them.
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new plugin project, in Rust or another language.
    New(NewArgs),
    /// Build a plugin project into one file that a host can load.
    Build(BuildArgs),
    /// Keep a plugin project built, loaded and called while it changes; Ctrl-C ends it.
    Dev(DevArgs),
    /// Say whether a plugin can be loaded here, and if not why; what it imports, exports and asks for. Or, of a manifest
    /// (plugin.toml): everything that is wrong with it.
    Check(FileArgs),
    /// Show a plugin: manifest, digest, tools with their schemas, imports, exports, sizes.
    Inspect(FileArgs),
    /// Call one tool of a plugin.
    Call(CallArgs),
    /// Serve plugins to an MCP client.
    Serve(ServeArgs),
    /// See what a plugin asks for, what a grant gives it, and why a request is allowed or denied.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Show what was decided for plugins, and by which rule.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Keep secrets, and say which plugins' requests carry them.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Make a key to sign plugins with.
    Keygen(KeygenArgs),
    /// Sign a plugin: id, version and all of its bytes.
    Sign(SignArgs),
    /// Say who signed a plugin, and whether that is enough here.
    Verify(VerifyArgs),
    /// Say whose signatures count, and for which plugins.
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Show the configuration, and where each value comes from.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// See what is in the plugin folders, and say what may run.
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Set up clients that use plugins by the Model Context Protocol, and say who may over HTTP.
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Write a completion script for a shell to stdout.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The plugin's name and folder: lower-case letters, digits and hyphens, a letter first.
    pub(crate) name: String,

    /// What the plugin is written in.
    #[arg(long, value_enum, default_value_t = Lang::Rust)]
    pub(crate) lang: Lang,

    /// What kind of plugin to start from; for other languages than Rust there is `tool` only.
    #[arg(long, value_enum, default_value_t = Template::Tool)]
    pub(crate) template: Template,

    /// Depend on the SDK in this folder. Without it and --sdk-version: the SDK of the checkout that this command was
    /// built from, if that is still there, else the SDK of this command's version.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_SDK_PATH")]
    pub(crate) sdk_path: Option<PathBuf>,

    /// Depend on this version of the SDK, a Cargo version requirement; wins over a folder.
    #[arg(long, value_name = "REQ")]
    pub(crate) sdk_version: Option<semver::VersionReq>,
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    // No doc comments: the names say it.
    Rust,
    Python,
    Javascript,
    Typescript,
    C,
}

/// What `new` starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A function that answers once.
    Tool,
    /// A function that answers in pieces while it works.
    StreamingTool,
    /// Functions that remember, for as long as a session lasts.
    Session,
    /// A function that asks a server.
    HttpTool,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) krate: CrateArgs,

    /// Where to write the plugin; else plugins/NAME.wasm in the target folder.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// What is built, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct CrateArgs {
    /// The plugin project: its folder, or a crate's Cargo.toml.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Optimise, and strip function names too (they make a trap's backtrace readable).
    #[arg(short, long)]
    pub(crate) release: bool,

    /// Where to build; else Cargo's target folder, or target in the project's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,

    /// Install what the language needs where it is missing: the wasm32-wasip2 target with rustup; for other languages
    /// what the project's lock file says, into .venv or node_modules in its folder.
    #[arg(long)]
    pub(crate) install_tools: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The plugin, a WebAssembly component; or an installed one, by its id.
    #[arg(value_name = "FILE|ID")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// What every command that starts a host takes.
#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// Where compiled plugins are kept; else the user's own cache folder.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// Where the record of every decision is written; else the user's own state folder.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_AUDIT_DIR")]
    pub(crate) audit_dir: Option<PathBuf>,

    /// Keep no record of decisions, wherever it would be written.
    #[arg(long)]
    pub(crate) no_audit: bool,

    /// Where plugins' state is kept; else the user's own data folder.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_STATE_DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) secrets: SecretsArgs,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::HELP)]
pub(crate) struct CallArgs {
    /// The plugin, a WebAssembly component; or, where there is no file of that name, an installed one by its id. An installed one
    /// may do what portcullis.toml says, and options that say otherwise are refused.
    #[arg(value_name = "FILE|ID")]
    pub(crate) file: PathBuf,

    /// The tool's name, as `inspect` shows it.
    pub(crate) tool: String,

    /// All arguments: a JSON object, @FILE that holds one, or - to read it from stdin. Given several times: so many calls,
    /// one after another, in one session where the plugin keeps sessions.
    #[arg(long, value_name = "JSON")]
    pub(crate) args: Vec<String>,

    /// One argument, typed by the tool's schema; wins over --args. @FILE takes a file's text, @- stdin's, @@ writes one @.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) arg: Vec<Assignment>,

    /// One of the plugin's settings, typed by the schema in its manifest.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Assignment>,

    /// How long the call may take, for example 500ms or 1m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// How much work the call may do, in units of about one WebAssembly instruction; not counted without it.
    #[arg(long, value_name = "UNITS")]
    pub(crate) fuel: Option<u64>,

    /// How much memory the call may hold, for example 64MiB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<ByteSize>,

    /// Print events as they come. With or without it, a tool that takes input in pieces gets stdin line by line.
    #[arg(long)]
    pub(crate) stream: bool,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// The heading over what the operator says of a plugin's reach.
const GRANT: &str = "What the plugin may reach (nothing, unless it is allowed)";

/// What the operator grants, for one command.
#[derive(Debug, Default, Args)]
pub(crate) struct GrantArgs {
    /// Allow one capability, for example `http:https://api.example.com/v1/*` or `fs:ro:/srv/docs`; again for each. What a
    /// call lacks is said on stderr, as an --allow to copy.
    #[arg(long, value_name = "CAP", value_parser = capability, help_heading = GRANT)]
    pub(crate) allow: Vec<Capability>,

    /// Deny one capability, whatever allows it; again for each.
    #[arg(long, value_name = "CAP", value_parser = capability, help_heading = GRANT)]
    pub(crate) deny: Vec<Capability>,

    /// Let the person be asked for one capability, where there is one to be asked: an MCP client's. Again for each.
    #[arg(long, value_name = "CAP", value_parser = capability, help_heading = GRANT)]
    pub(crate) askable: Vec<Capability>,

    /// Fill a slot: the {host} or {folder} that a capability leaves to you; again for each.
    #[arg(long, value_name = "SLOT=VALUE", help_heading = GRANT)]
    pub(crate) bind: Vec<Binding>,
}

impl GrantArgs {
    /// Which of its options are given.
    pub(crate) fn given(&self) -> [(&'static str, bool); 4] {
        [
            ("--allow", !self.allow.is_empty()),
            ("--deny", !self.deny.is_empty()),
            ("--askable", !self.askable.is_empty()),
            ("--bind", !self.bind.is_empty()),
        ]
    }

    /// The same as the host takes it.
    pub(crate) fn grant(&self) -> Grant {
        let allowed = Grant::from_caps(self.allow.iter().cloned());
        let denied = self.deny.iter().cloned().fold(allowed, Grant::deny);
        let askable = self.askable.iter().cloned().fold(denied, Grant::ask);
        let bind =
            |grant: Grant, Binding { slot, value }: &Binding| grant.bind(slot.clone(), value);
        self.bind.iter().fold(askable, bind)
    }
}

/// A capability; the error shows the place of the mistake, under clap's own line.
fn capability(text: &str) -> Result<Capability, String> {
    text.parse()
        .map_err(|error: CapabilityError| format!("\n{}", error.report()))
}

/// What a slot is filled with.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) slot: SlotName,
    pub(crate) value: String,
}

impl std::str::FromStr for Binding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (slot, value) = text
            .split_once('=')
            .ok_or("expected SLOT=VALUE, for example folder=/srv/docs")?;
        let slot = slot
            .parse()
            .map_err(|error: CapabilityError| error.to_string())?;
        let value = value.to_owned();
        Ok(Self { slot, value })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Say whether a request would be allowed, by which rule or why not, and what would help.
    Explain(ExplainArgs),
    /// Say in plain words what a plugin asks for, what is granted of it, what is lost, and what nobody can enforce.
    Check(PolicyCheckArgs),
    /// Call a tool once and print the smallest grant that covers all it tried to reach. Its first denial may end the call:
    /// run it again with what was printed until the exit code is 0.
    Record(CallArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 where it is allowed, 4 where it is denied; the others as `portcullis --help` lists them.",
    group = ArgGroup::new("asked").required(true)
)]
pub(crate) struct ExplainArgs {
    /// The plugin, a WebAssembly component; or an installed one by its id, with what portcullis.toml grants it.
    #[arg(value_name = "FILE|ID")]
    pub(crate) file: PathBuf,

    /// An HTTP request: a method and a URL, or a URL alone for GET.
    #[arg(long, value_name = "[METHOD ]URL", group = "asked")]
    pub(crate) request: Option<String>,

    /// A raw connection.
    #[arg(long, value_name = "HOST:PORT", group = "asked")]
    pub(crate) connect: Option<String>,

    /// A lookup of a name.
    #[arg(long, value_name = "NAME", group = "asked")]
    pub(crate) lookup: Option<String>,

    /// The use of anything else: env:HOME, state, fs:ro:/srv/docs.
    #[arg(long = "use", value_name = "CAP", value_parser = capability, group = "asked")]
    pub(crate) using: Option<Capability>,

    /// Judge this address too, as one that the name was found to have.
    #[arg(long, value_name = "IP")]
    pub(crate) address: Option<IpAddr>,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 where all that it asks for is granted, 4 where something is not; the others as \
    `portcullis --help` lists them."
)]
pub(crate) struct PolicyCheckArgs {
    /// The plugin, a WebAssembly component; or an installed one by its id, with what portcullis.toml grants it.
    #[arg(value_name = "FILE|ID")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}
