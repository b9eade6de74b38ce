//! What becomes of one file: read once, and loaded where that is called for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_host_policy::PluginId;
use portcullis_host_policy::config::{PluginSettings, Setting, SettingError};
use portcullis_host_policy::manifest::Manifest;
use serde_json::{Map, Value};

use super::facts::Facts;
use super::work::{Loaded, Outcome, Settings};
use crate::error::{ArgumentMistake, Error};
use crate::host::HostInner;
use crate::load::{self, Candidate, LoadOptions, Source, Trust};
use crate::secret::{ExposeSecret, SecretError, SecretName};

/// What the files of one refresh are settled by.
pub(super) struct Settling {
    pub(super) host: Arc<HostInner>,
    pub(super) trust: Trust,
    pub(super) settings: Arc<Settings>,
    /// What was loaded before, by its digest.
    pub(super) loaded: Vec<(Arc<Facts>, Loaded)>,
    /// The first folder that has a plugin, as far as was seen: what a later one has of it need not be loaded.
    pub(super) claims: Mutex<HashMap<PluginId, usize>>,
}

impl Settling {
    pub(super) async fn settle(&self, path: &Path, rank: usize) -> (Option<Arc<Facts>>, Outcome) {
        let candidate = match self.read(path).await {
            Ok(candidate) => candidate,
            Err(error) => return (None, Outcome::Failed(Arc::new(error))),
        };
        let facts = Arc::new(Facts::of(&candidate));
        let settings = Arc::clone(self.settings.of(&facts.id));
        if !settings.enabled || !self.claim(&facts.id, rank) {
            return (Some(facts), Outcome::Passed);
        }
        if let Some(loaded) = self.as_before(&facts, &settings) {
            loaded.plugin.inner.code.moved(path);
            return (Some(facts), Outcome::Loaded(loaded));
        }
        let outcome = match self.load(candidate, settings).await {
            Ok(loaded) => Outcome::Loaded(loaded),
            Err(error) => Outcome::Failed(Arc::new(error)),
        };
        (Some(facts), outcome)
    }

    async fn read(&self, path: &Path) -> Result<Candidate, Error> {
        let (source, limits) = (Source::from(path), self.host.limits.load.clone());
        load::blocking(move || load::read(&source, &limits)).await
    }

    /// False where an earlier folder has the plugin.
    fn claim(&self, id: &PluginId, rank: usize) -> bool {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let first = claims.entry(id.clone()).or_insert(rank);
        *first = rank.min(*first);
        *first == rank
    }

    /// The plugin that was loaded of just this before, wherever the file lay.
    fn as_before(&self, facts: &Facts, settings: &PluginSettings) -> Option<Loaded> {
        let same = |(before, loaded): &&(Arc<Facts>, Loaded)| {
            **before == *facts
                && *loaded.settings == *settings
                && facts.is_signed_by(loaded.plugin.signer(), &self.trust)
        };
        self.loaded
            .iter()
            .find(same)
            .map(|(_, loaded)| loaded.clone())
    }

    async fn load(
        &self,
        candidate: Candidate,
        settings: Arc<PluginSettings>,
    ) -> Result<Loaded, Error> {
        let config = config(&self.host, &settings, candidate.manifest.as_ref()).await?;
        let options = LoadOptions {
            grant: settings.grant.clone(),
            config,
            limits: settings.limits.clone(),
            instances: settings.instances,
            secrets: settings.secrets.clone(),
            trust: Some(self.trust.clone()),
            lazy: true,
            ..LoadOptions::default()
        };
        let plugin = load::load_candidate(&self.host, candidate, options)
            .await
            .map_err(|error| without_secrets(error, &settings))?;
        Ok(Loaded {
            locked: Arc::new(plugin.locked()),
            plugin,
            settings,
        })
    }
}

/// A plugin's settings, with secrets read from the operator's store.
async fn config(
    host: &HostInner,
    settings: &PluginSettings,
    manifest: Option<&Manifest>,
) -> Result<Map<String, Value>, Error> {
    let schema = manifest.and_then(|manifest| manifest.config.as_ref());
    let misplaced = settings.misplaced_secrets(schema);
    if !misplaced.is_empty() {
        let mistake = |error: &SettingError| ArgumentMistake {
            pointer: String::new(),
            problem: error.to_string(),
        };
        let mistakes = misplaced.iter().map(mistake).collect();
        return Err(Error::Settings { mistakes });
    }
    let mut config = Map::new();
    for (name, setting) in &settings.config {
        let value = match setting {
            Setting::Plain(value) => value.clone(),
            Setting::Secret(secret) => read_secret(host, secret).await?.into(),
        };
        config.insert(name.clone(), value);
    }
    Ok(config)
}

async fn read_secret(host: &HostInner, name: &SecretName) -> Result<String, SecretError> {
    let no_store = || SecretError::NoStore { name: name.clone() };
    let store = host.secrets.as_ref().ok_or_else(no_store)?;
    let missing = || SecretError::Missing { name: name.clone() };
    let value = store.get(name).await?.ok_or_else(missing)?;
    Ok(value.expose_secret().to_owned())
}

/// Mistakes in settings quote what they are about; a secret is not quoted.
fn without_secrets(error: Error, settings: &PluginSettings) -> Error {
    let Error::Settings { mut mistakes } = error else {
        return error;
    };
    let is_secret = |(_, setting): &(&String, &Setting)| matches!(setting, Setting::Secret(_));
    let secret: Vec<_> = settings.config.iter().filter(is_secret).collect();
    for mistake in &mut mistakes {
        let place = mistake.pointer.split('/').nth(1);
        let about = |name: &str| secret.iter().any(|(secret, _)| *secret == name);
        if place.map_or(!secret.is_empty(), about) {
            mistake.problem =
                "it does not fit, and is not shown, since there are secrets in it".to_owned();
        }
    }
    Error::Settings { mistakes }
}
