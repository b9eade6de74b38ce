//! The plugins that are served: those in files, and those of the operator's folders as they are at each moment.

use crate::args::ServeArgs;
use crate::commands::call;
use crate::commands::plugins::PluginsError;
use crate::error::CliError;
use crate::host::Session;
use crate::installed::{self, Installed};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_core::{Changes, LimitOverrides, Plugin, PluginId, Status, Watch};
use std::path::PathBuf;

/// What the command line names.
pub(super) struct Wanted {
    pub(super) dirs: Vec<PathBuf>,
    files: Vec<PathBuf>,
    ids: Vec<PluginId>,
}

impl Wanted {
    pub(super) fn new(args: &ServeArgs) -> Result<Self, CliError> {
        let (mut dirs, mut files, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for name in &args.plugins {
            if name.is_dir() {
                dirs.push(name.clone());
            } else if let Some(id) = installed::id(name) {
                ids.push(id);
            } else {
                files.push(name.clone());
            }
        }
        let own = [("--set", !args.set.is_empty())];
        let given = [&args.grant.given()[..], &own].concat();
        if files.is_empty()
            && let Some((option, _)) = given.iter().find(|(_, given)| *given)
        {
            let problem = format!(
                "{option} is for plugins in files; what others may do stands in portcullis.toml"
            );
            return Err(CliError::Usage(problem));
        }
        Ok(Self { dirs, files, ids })
    }

    /// Whether it is one plugin and stays one, so that its tools can have their own names.
    pub(super) fn is_one(&self) -> bool {
        self.dirs.is_empty() && self.files.len() + self.ids.len() == 1
    }

    fn is_of_files(&self) -> bool {
        !self.files.is_empty() && self.dirs.is_empty() && self.ids.is_empty()
    }

    /// Whether an installed plugin is among them.
    fn has(&self, id: &PluginId) -> bool {
        self.ids.is_empty() || !self.dirs.is_empty() || self.ids.contains(id)
    }
}

/// The plugins as they are at each moment.
pub(super) struct Served<'a> {
    wanted: &'a Wanted,
    files: Vec<Plugin>,
    installed: Option<Installed>,
    changes: Changes,
    _watch: Option<Watch>,
}

impl<'a> Served<'a> {
    /// Loads them and publishes them.
    pub(super) async fn open(
        session: &'static Session,
        args: &ServeArgs,
        wanted: &'a Wanted,
        extensions: &Extensions,
    ) -> Result<Self, CliError> {
        let mut files = Vec::new();
        for file in &wanted.files {
            let load = call::load_options(
                &session.host,
                file.clone(),
                &args.grant,
                &args.set,
                LimitOverrides::default(),
            );
            files.push(session.load(file.clone(), load.await?).await?);
        }
        // Before what there is now is looked at, so that nothing is missed.
        let changes = session.host.subscribe();
        let installed = match wanted.is_of_files() {
            true => None,
            false => Some(Self::installed(session, args, wanted).await?),
        };
        let hot = session.settings.hot_reload.value;
        let watch = installed.as_ref().filter(|_| hot);
        let served = Self {
            wanted,
            files,
            _watch: watch.map(|installed| installed.registry.watch()),
            installed,
            changes,
        };
        served.tell_missing();
        extensions.publish(&served.now());
        Ok(served)
    }

    /// Says which plugins are not served, and why: who put one into a folder looks for it.
    fn tell_missing(&self) {
        let Some(installed) = &self.installed else {
            return;
        };
        let snapshot = installed.registry.snapshot();
        let entries = snapshot.entries().iter();
        let wanted = entries.filter(|entry| !matches!(entry.status, Status::Disabled));
        let ids = wanted.filter_map(|entry| entry.id.as_ref());
        for id in ids.filter(|id| self.wanted.has(id)) {
            if let Err(error) = snapshot.active(id) {
                tracing::warn!("not served: {error}");
            }
        }
    }

    async fn installed(
        session: &'static Session,
        args: &ServeArgs,
        wanted: &Wanted,
    ) -> Result<Installed, CliError> {
        if !session.settings.enabled.value {
            return Err(PluginsError::Disabled.into());
        }
        let installed = Installed::open(session, &args.host).await?;
        for id in &wanted.ids {
            installed.plugin(id)?;
        }
        Ok(installed)
    }

    /// Publishes them again whenever they have changed.
    pub(super) async fn keep(&mut self, extensions: &Extensions) {
        while self.changes.next().await.is_some() {
            extensions.publish(&self.now());
        }
        std::future::pending().await
    }

    fn now(&self) -> Vec<Plugin> {
        let snapshot = self.installed.iter().map(|one| one.registry.snapshot());
        let active = snapshot.flat_map(|snapshot| {
            let active = snapshot
                .entries()
                .iter()
                .filter_map(|entry| entry.plugin().cloned());
            active.collect::<Vec<_>>()
        });
        let active = active.filter(|plugin| self.wanted.has(plugin.id()));
        self.files.iter().cloned().chain(active).collect()
    }
}
