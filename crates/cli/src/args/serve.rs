//! The command line of `portcullis serve`.

use super::{GrantArgs, HostArgs, HttpArgs};
use crate::arguments::Assignment;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "The client that starts this command speaks to it over stdin and stdout. It ends when the client closes them. \
    With --http, clients call it, and it ends by SIGINT or SIGTERM."
)]
pub(crate) struct ServeArgs {
    /// The plugins: WebAssembly components, folders of them, and installed ones by their ids. Without any, all installed ones. What
    /// files may do is said here, what others may do in portcullis.toml.
    #[arg(value_name = "FILE|DIR|ID")]
    pub(crate) plugins: Vec<PathBuf>,

    /// One of the settings of the files' plugins, typed by the schemas in their manifests.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<Assignment>,

    /// Let the client's model answer plugins that were granted one, by sampling.
    #[arg(long)]
    pub(crate) sampling: bool,

    #[command(flatten)]
    pub(crate) http: HttpArgs,

    #[command(flatten)]
    pub(crate) grant: GrantArgs,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}
