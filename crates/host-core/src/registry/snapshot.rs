//! What is there at one moment.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use portcullis_host_policy::manifest::Manifest;
use portcullis_host_policy::trust::{Hold, KeyId};
use portcullis_host_policy::{Digest, PluginId};
use semver::Version;

use super::Scope;
use crate::error::Error;
use crate::plugin::Plugin;

/// All plugins as they were at one moment. It never changes; what comes later is in another snapshot.
///
/// Who holds it keeps its plugins loaded.
#[derive(Debug, Default)]
pub struct Snapshot {
    generation: u64,
    entries: Vec<Entry>,
    active: HashMap<PluginId, Plugin>,
}

impl Snapshot {
    pub(super) fn new(generation: u64, mut entries: Vec<Entry>) -> Self {
        let place = |entry: &Entry| (entry.id.is_none(), entry.id.clone(), entry.path.clone());
        entries.sort_by_key(place);
        let active = entries.iter().filter_map(|entry| {
            let plugin = entry.plugin.clone()?;
            Some((entry.id.clone()?, plugin))
        });
        Self {
            generation,
            active: active.collect(),
            entries,
        }
    }

    /// Which one it is: 1 is the first, and each has one more than that before it.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// An active plugin.
    pub fn get(&self, id: &PluginId) -> Option<&Plugin> {
        self.active.get(id)
    }

    /// A plugin that must be there.
    ///
    /// # Errors
    /// [`Error::NotActive`], with why it is not.
    pub fn active(&self, id: &PluginId) -> Result<&Plugin, Error> {
        self.get(id).ok_or_else(|| Error::NotActive {
            id: id.clone(),
            why: self.why_not(id),
        })
    }

    /// Everything that was found, usable or not: by id, and what has none at the end, by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was found of one id. Of several that stand in each other's way, the first.
    pub fn entry(&self, id: &PluginId) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.id.as_ref() == Some(id))
    }

    /// Why a plugin can't be called.
    fn why_not(&self, id: &PluginId) -> String {
        let Some(entry) = self.entry(id) else {
            let distance =
                |known: &&PluginId| strsim::damerau_levenshtein(known.as_str(), id.as_str());
            let nearest = self.active.keys().min_by_key(distance);
            let nearest = nearest.filter(|known| distance(known) <= id.as_str().len() / 3);
            let hint = nearest.map_or_else(String::new, |id| format!("; did you mean {id}?"));
            return format!("none of this id is installed{hint}");
        };
        match &entry.status {
            Status::Active => "it was taken out a moment ago".to_owned(),
            Status::Disabled => "it is disabled in the configuration".to_owned(),
            Status::Held(holds) => {
                let reasons: Vec<_> = holds.iter().map(Hold::to_string).collect();
                let reasons = reasons.join("; ");
                format!("it waits for `portcullis plugins approve {id}`: {reasons}")
            }
            Status::Failed(error) => format!("it could not be loaded: {error}"),
        }
    }
}

/// One thing that was found in the folders.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Which plugin it is; none where nothing could be read that says so.
    pub id: Option<PluginId>,
    /// The component, or the folder that something is wrong with.
    pub path: PathBuf,
    /// Whose folder it is in.
    pub scope: Scope,
    /// The version that is active, or, if none is, that was found.
    pub version: Option<Version>,
    /// Its bytes.
    pub digest: Option<Digest>,
    /// The key that vouches for it, where it was loaded.
    pub signer: Option<KeyId>,
    /// Its manifest.
    pub manifest: Option<Arc<Manifest>>,
    /// How it stands.
    pub status: Status,
    /// While one version is active: how another stands that lies in its place and did not replace it.
    pub update: Option<Status>,
    /// Others of this id in folders that come later, which are not looked at.
    pub shadowed: Vec<PathBuf>,
    pub(super) plugin: Option<Plugin>,
}

impl Entry {
    /// The plugin, where it is active.
    pub fn plugin(&self) -> Option<&Plugin> {
        self.plugin.as_ref()
    }

    /// What stands against it, or against what would replace it.
    pub(super) fn problem(&self) -> Option<&Status> {
        match &self.status {
            Status::Active => self.update.as_ref(),
            Status::Disabled => None,
            problem => Some(problem),
        }
    }

    /// Whether nothing of it differs that anybody could tell.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let same_plugin = match (&self.plugin, &other.plugin) {
            (Some(own), Some(other)) => own.is(other),
            (own, other) => own.is_none() && other.is_none(),
        };
        let same_update = match (&self.update, &other.update) {
            (Some(own), Some(other)) => own.is_as(other),
            (own, other) => own.is_none() && other.is_none(),
        };
        same_plugin
            && same_update
            && self.status.is_as(&other.status)
            && (&self.id, &self.path, self.scope) == (&other.id, &other.path, other.scope)
            && (&self.version, &self.digest) == (&other.version, &other.digest)
            && self.shadowed == other.shadowed
    }
}

/// How a plugin stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Status {
    /// It can be called.
    Active,
    /// The configuration says that it is not to be loaded.
    Disabled,
    /// It waits for a person's approval.
    Held(Vec<Hold>),
    /// It can't be loaded.
    Failed(Arc<Error>),
}

impl Status {
    pub(super) fn is_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Active, Self::Active) | (Self::Disabled, Self::Disabled) => true,
            (Self::Held(own), Self::Held(other)) => own == other,
            (Self::Failed(own), Self::Failed(other)) => {
                Arc::ptr_eq(own, other) || own.to_string() == other.to_string()
            }
            _ => false,
        }
    }
}
