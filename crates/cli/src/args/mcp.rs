//! The command line of `portcullis mcp`.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use portcullis_host_agent::tool::ToolPattern;
use portcullis_host_core::PluginId;
use portcullis_mcp::http::TokenName;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Say who may use plugins over HTTP, and which.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print what to put into an MCP client's settings, so that it finds your plugins.
    Config(McpConfigArgs),
}

/// Where tokens are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct TokensArgs {
    /// The folder of tokens; else portcullis/mcp in the user's own configuration.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_TOKENS_DIR")]
    pub(crate) tokens_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, this once: no more than its hash is kept.
    Create(TokenCreateArgs),
    /// List tokens, with what is there for each and until when.
    List {
        #[command(flatten)]
        tokens: TokensArgs,
    },
    /// Take a token back. A server that runs ends its sessions.
    Revoke {
        /// What it is called.
        name: TokenName,
        #[command(flatten)]
        tokens: TokensArgs,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scope").required(true).multiple(true))]
pub(crate) struct TokenCreateArgs {
    /// What it is called, in records too: letters, digits, `_`, `-`, `.` and `@`. What plugins keep for one name, they keep apart
    /// from what they keep for others.
    pub(crate) name: TokenName,

    /// A plugin that is there for it: its tools, resources and prompts; again for each.
    #[arg(long = "plugin", value_name = "ID", group = "scope")]
    pub(crate) plugins: Vec<PluginId>,

    /// Of these plugins' tools, the ones that are there for it, for example `org.example.files/read_*`; again for each. All of
    /// them without.
    #[arg(long = "tool", value_name = "ID/TOOL", value_parser = tool, requires = "plugins")]
    pub(crate) tools: Vec<ToolPattern>,

    /// All plugins that are served are there for it, those of later too.
    #[arg(long, group = "scope", conflicts_with_all = ["plugins", "tools"])]
    pub(crate) all: bool,

    /// It may read /metrics, which name all plugins.
    #[arg(long, group = "scope")]
    pub(crate) metrics: bool,

    /// How long it counts, for example 12h or 30days; or never, and it counts until it is revoked.
    #[arg(long, value_name = "TIME|never", value_parser = lifetime, default_value = "90days")]
    pub(crate) expires: Lifetime,

    #[command(flatten)]
    pub(crate) tokens: TokensArgs,
}

/// How long a token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    For(Duration),
    Unlimited,
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime::Unlimited);
    }
    let time = humantime::parse_duration(text);
    let time = time.map_err(|error| format!("{error}; write a time such as 30days, or never"))?;
    Ok(Lifetime::For(time))
}

fn tool(text: &str) -> Result<ToolPattern, String> {
    let rule = "a tool is written as its plugin's id, `/` and its name, which may end in `*`";
    text.parse().map_err(|_| rule.to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct McpConfigArgs {
    /// Whose settings.
    #[arg(long, value_enum)]
    pub(crate) client: McpClient,

    /// What the server is called there.
    #[arg(long, default_value = "portcullis")]
    pub(crate) name: String,

    /// For a server that runs elsewhere, or already: where its `/mcp` is. Without it the client starts `portcullis serve` itself.
    #[arg(long, value_name = "URL")]
    pub(crate) http: Option<Url>,

    /// What `portcullis serve` is given, after `--`: plugin files, folders and options. Files and folders are best named in
    /// full, since clients start servers from anywhere.
    #[arg(last = true, value_name = "ARGUMENT", conflicts_with = "http")]
    pub(crate) serve: Vec<String>,
}

/// MCP clients whose settings are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum McpClient {
    ClaudeCode,
    ClaudeDesktop,
    Vscode,
    Cursor,
    Zed,
}
