//! The command line of `portcullis plugins`.

use super::{ConfigArgs, HostArgs};
use clap::{Args, Subcommand};
use portcullis_host_core::PluginId;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginsCommand {
    /// List what is in the plugin folders: version, how it stands and why, where it is, who signed it.
    List {
        #[command(flatten)]
        host: HostArgs,
    },
    /// Show all that is known of one plugin: signature, what was approved, manifest, grants, tools.
    Info {
        /// Its id.
        id: PluginId,
        #[command(flatten)]
        host: HostArgs,
    },
    /// Let plugins run: these, or without an id plugins at all. Written to portcullis.toml.
    Enable(EnableArgs),
    /// Keep plugins from running: these, or without an id all of them. Written to portcullis.toml.
    Disable(EnableArgs),
    /// Delete a plugin from this user's folder, with its signatures and what was approved of it.
    Remove(DecideArgs),
    /// Show what changed in a plugin that is held, ask, and let it run.
    Approve(DecideArgs),
}

#[derive(Debug, Args)]
pub(crate) struct EnableArgs {
    /// Their ids.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<PluginId>,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// What is asked about before it is done.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Its id.
    pub(crate) id: PluginId,

    /// Don't ask.
    #[arg(short, long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) host: HostArgs,
}
