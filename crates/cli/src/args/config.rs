//! The command line of `portcullis config`, and what every command takes that heeds the configuration.

use clap::{Args, Subcommand};
use portcullis_host_policy::config::Said;
use portcullis_host_policy::trust::TrustMode;
use std::path::PathBuf;

/// The heading over what the configuration says too.
const CONFIG: &str = "Configuration";

/// What the configuration is, and what the command line says in its place.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration; else portcullis/portcullis.toml in the user's configuration, else in the system's.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG", help_heading = CONFIG)]
    pub(crate) config: Option<PathBuf>,

    /// Search this folder for plugins; again for each. Instead of those of the configuration and the usual ones.
    #[arg(long = "plugin-dir", value_name = "DIR", help_heading = CONFIG)]
    pub(crate) plugin_dirs: Vec<PathBuf>,

    /// What signatures of plugins in those folders are worth: required, warn or off.
    #[arg(long, value_name = "MODE", help_heading = CONFIG)]
    pub(crate) signatures: Option<TrustMode>,

    /// Close the network, whatever is allowed.
    #[arg(long, help_heading = CONFIG)]
    pub(crate) offline: bool,
}

impl ConfigArgs {
    /// What the command line says of `[plugins]`.
    pub(crate) fn said(&self) -> Said {
        let dirs = &self.plugin_dirs;
        Said {
            dirs: (!dirs.is_empty()).then(|| dirs.clone()),
            signatures: self.signatures,
            offline: self.offline.then_some(true),
            ..Said::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show the configuration as it was read. Secrets are not in it, only their names.
    Show(ConfigShowArgs),
    /// Say everything that is wrong with the configuration.
    Check(ConfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigShowArgs {
    /// Show every value that holds and where it comes from: default, file and line, variable, or flag.
    #[arg(long)]
    pub(crate) effective: bool,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
