//! The command line.

use crate::arguments::Assignment;
use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
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
    /// Make a new plugin crate.
    New(NewArgs),
    /// Build a plugin crate into one file that a host can load.
    Build(BuildArgs),
    /// Say whether a plugin can be loaded here, and if not why; what it imports, exports and asks for.
    Check(FileArgs),
    /// Show a plugin: manifest, digest, tools with their schemas, imports, exports, sizes.
    Inspect(FileArgs),
    /// Call one tool of a plugin.
    Call(CallArgs),
    /// Write a completion script for a shell to stdout.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The crate's name and folder: lower-case letters, digits and hyphens, a letter first.
    pub(crate) name: String,

    /// What kind of plugin to start from.
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

/// What `new` starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A function that answers once.
    Tool,
    /// A function that answers in pieces while it works.
    StreamingTool,
    /// Functions that remember, for as long as a session lasts.
    Session,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// The plugin crate: its folder or its Cargo.toml.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Optimise, and strip function names too (they make a trap's backtrace readable).
    #[arg(short, long)]
    pub(crate) release: bool,

    /// Where to write the plugin; else plugins/NAME.wasm in Cargo's target folder.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Cargo's target folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,

    /// Add the wasm32-wasip2 target with rustup where it is missing.
    #[arg(long)]
    pub(crate) install_target: bool,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The plugin, a WebAssembly component.
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
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::HELP)]
pub(crate) struct CallArgs {
    /// The plugin, a WebAssembly component.
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
    pub(crate) config: Vec<Assignment>,

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
    pub(crate) host: HostArgs,
}
