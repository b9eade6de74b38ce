//! The command line of `portcullis dev`.

use super::{CallArgs, CrateArgs, GrantArgs, HostArgs};
use crate::arguments::Assignment;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "A build or a plugin that fails leaves what was built last in its place. Ctrl-C ends the command with exit code 0."
)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub(crate) krate: CrateArgs,

    /// Call this tool after each good build; without it, the plugin's tools are listed.
    #[arg(long)]
    pub(crate) tool: Option<String>,

    /// All arguments of the call: a JSON object, or @FILE that holds one. Given several times: so many calls.
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub(crate) args: Vec<String>,

    /// One argument, typed by the tool's schema; wins over --args. @FILE takes a file's text, @@ writes one @.
    #[arg(long, value_name = "KEY=VALUE", requires = "tool")]
    pub(crate) arg: Vec<Assignment>,

    /// One of the plugin's settings, typed by the schema in its manifest.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Assignment>,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}

impl DevArgs {
    /// What is built, and the call that follows.
    pub(crate) fn split(self) -> (CrateArgs, CallArgs) {
        let call = CallArgs {
            file: PathBuf::new(),
            tool: self.tool.unwrap_or_default(),
            args: self.args,
            arg: self.arg,
            set: self.set,
            timeout: None,
            fuel: None,
            memory: None,
            stream: false,
            grant: self.grant,
            host: self.host,
        };
        (self.krate, call)
    }
}
