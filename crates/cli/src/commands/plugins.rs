//! `portcullis plugins`: what is in the operator's folders, and whether it may run.

mod approve;
mod difference;
mod enable;
mod info;
mod list;
mod remove;

use crate::args::{Format, HostArgs, PluginsCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::host;
use crate::installed::Installed;
use portcullis_host_core::PluginId;
use std::path::PathBuf;

/// Why a command on an installed plugin was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginsError {
    #[error(
        "no plugin {0} is installed, and there is no file of that name; `portcullis plugins list` shows what is installed"
    )]
    NotInstalled(PluginId),
    #[error("plugins are not enabled; `portcullis plugins enable` lets them run")]
    Disabled,
    #[error("{id} is not in a folder of this user's: {}; who put it there can remove it", path.display())]
    NotYours { id: PluginId, path: PathBuf },
    #[error(
        "{option} is for a plugin's file; what {id} may do stands in portcullis.toml, under [plugin.\"{id}\"]"
    )]
    Configured { id: PluginId, option: &'static str },
    #[error("nobody is there to be asked; --yes does it without asking")]
    NobodyToAsk,
    #[error("nothing was done")]
    Declined,
}

impl PluginsError {
    /// What the process ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NotInstalled(_) => Exit::NotLoadable,
            Self::Disabled => Exit::Denied,
            Self::NotYours { .. } => Exit::Failed,
            Self::Configured { .. } | Self::NobodyToAsk => Exit::Usage,
            Self::Declined => Exit::Cancelled,
        }
    }

    /// Its kind in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) => "not-installed",
            Self::Disabled => "plugins-disabled",
            Self::NotYours { .. } => "not-yours",
            Self::Configured { .. } | Self::NobodyToAsk => "usage",
            Self::Declined => "cancelled",
        }
    }
}

/// Runs one of the commands.
pub(crate) fn run(command: &PluginsCommand, format: Format, verbose: bool) -> Result<(), CliError> {
    let open = |args: &HostArgs| {
        let session = host::start(args, format, verbose)?;
        session.run(Installed::open(session, args))
    };
    match command {
        PluginsCommand::List { host } => list::run(&open(host)?, format),
        PluginsCommand::Info { id, host } => info::run(&open(host)?, id, format),
        PluginsCommand::Enable(args) => enable::run(args, true, format),
        PluginsCommand::Disable(args) => enable::run(args, false, format),
        PluginsCommand::Remove(args) => remove::run(&open(&args.host)?, args, format),
        PluginsCommand::Approve(args) => approve::run(&open(&args.host)?, args, format),
    }
}
