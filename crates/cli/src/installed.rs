//! The plugins in the operator's folders.

use crate::args::HostArgs;
use crate::commands::plugins::PluginsError;
use crate::error::CliError;
use crate::host::Session;
use crate::{progress, trust};
use portcullis_host_core::{
    Entry, Grant, Plugin, PluginDir, PluginId, Registry, RegistryOptions, TrustFolder,
};
use std::path::{Path, PathBuf};

/// The plugins, and what is trusted.
pub(crate) struct Installed {
    pub(crate) session: &'static Session,
    pub(crate) registry: Registry,
    pub(crate) trust: TrustFolder,
    pub(crate) dirs: Vec<PluginDir>,
}

impl Installed {
    /// Looks through the folders, with a bar where that takes long.
    pub(crate) async fn open(session: &'static Session, args: &HostArgs) -> Result<Self, CliError> {
        let trust = trust::folder(&args.trust)?;
        let settings = &session.settings;
        let dirs: Vec<_> = match &settings.dirs.value {
            Some(named) => named.iter().map(PluginDir::user).collect(),
            None => PluginDir::defaults(),
        };
        let mut options = RegistryOptions::new(dirs.clone(), trust.clone());
        options.signatures = settings.signatures.value;
        options.plugins = settings.plugins().clone();
        options.on_progress = progress::loading();
        let registry = session.host.open_registry(options).await;
        progress::clear();
        Ok(Self {
            session,
            registry: registry?,
            trust,
            dirs,
        })
    }

    /// What was found of one id.
    pub(crate) fn entry(&self, id: &PluginId) -> Result<Entry, CliError> {
        let found = self.registry.snapshot().entry(id).cloned();
        Ok(found.ok_or_else(|| PluginsError::NotInstalled(id.clone()))?)
    }

    /// A plugin that may be called: with what its operator granted to it, and what is kept for it.
    pub(crate) fn plugin(&self, id: &PluginId) -> Result<Plugin, CliError> {
        self.entry(id)?;
        if !self.session.settings.enabled.value {
            return Err(PluginsError::Disabled.into());
        }
        Ok(self.registry.snapshot().active(id)?.clone())
    }
}

/// An installed plugin is granted, set and limited by its configuration alone: refuses options that say otherwise.
pub(crate) fn refuse(id: &PluginId, given: &[(&'static str, bool)]) -> Result<(), PluginsError> {
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(PluginsError::Configured {
            id: id.clone(),
            option,
        }),
        None => Ok(()),
    }
}

/// What its operator granted to an installed plugin.
pub(crate) fn grant(session: &Session, id: &PluginId) -> Grant {
    let settings = session.settings.plugins().get(id);
    settings.map_or_else(Grant::none, |settings| settings.grant.clone())
}

/// The installed plugin that is meant by a name; none where it is a file's.
pub(crate) fn id(name: &Path) -> Option<PluginId> {
    let there = name.symlink_metadata().is_ok();
    let id = name.to_str().filter(|_| !there)?.parse();
    id.ok()
}

/// The file that is meant by a name: one of that name, or an installed plugin's.
pub(crate) async fn file(
    session: &'static Session,
    args: &HostArgs,
    name: &Path,
) -> Result<PathBuf, CliError> {
    match id(name) {
        Some(id) => Ok(Installed::open(session, args).await?.entry(&id)?.path),
        None => Ok(name.to_owned()),
    }
}
