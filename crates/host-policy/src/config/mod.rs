//! `portcullis.toml`: what an operator says of all plugins, and of each.
//!
//! ```toml
//! [plugins]
//! enabled = true
//! dirs = ["/srv/plugins"]
//! hot-reload = true
//! signatures = "required"
//! offline = false
//!
//! [plugins.limits]
//! wall-clock = "10s"
//!
//! [plugins.ceiling]
//! allow = ["http:https://*.example.org", "state", "secret:WEATHER_KEY"]
//!
//! [plugin."org.example.weather"]
//! enabled = true
//! grants = ["http:https://{host}/v1/*", "secret:WEATHER_KEY"]
//! deny = ["http:https://{host}/v1/admin/*"]
//! bind = { host = "api.example.org" }
//! secrets = [{ secret = "WEATHER_KEY", to = "https://api.example.org/v1/*", as = "bearer" }]
//! instances = "reuse"
//! updates = "hold"
//!
//! [plugin."org.example.weather".config]
//! units = "metric"
//! token = { secret = "WEATHER_TOKEN" }
//!
//! [plugin."org.example.weather".limits]
//! memory-bytes = "64MiB"
//! ```
//!
//! Nothing has to be there: an empty file, or none, runs no plugin and grants nothing. A key that is not known is an error, with the
//! nearest known one; all errors are reported at once.
//!
//! What `[plugins]` says can be said by a variable or a flag too; [`Config::resolve`] settles which word counts.

mod effective;
mod lines;
mod reader;
mod schema;
mod setting;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

pub use effective::{Effective, Key, Origin, Said, Sourced, VariableError};
pub use setting::{Setting, SettingError};
pub use values::EffectiveValue;

use crate::capability::Capability;
use crate::document::DocumentErrors;
use crate::grant::Grant;
use crate::id::PluginId;
use crate::limits::LimitOverrides;
use crate::manifest::InstancePolicy;
use crate::secret::Use;
use crate::trust::{TrustMode, Updates};

use self::lines::Lines;

/// A parsed configuration.
///
/// It serializes in the shape of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Config {
    /// `[plugins]`
    pub plugins: PluginsSection,
    /// `[plugin."ID"]`, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plugin: BTreeMap<PluginId, PluginSettings>,
    #[serde(skip)]
    lines: Lines,
}

/// `[plugins]`: what holds for all plugins. What is none was not said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PluginsSection {
    /// Whether plugins are looked for and run at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The folders that are searched, the first before the others; instead of the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dirs: Option<Vec<PathBuf>>,
    /// Whether the folders are watched while the host runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot_reload: Option<bool>,
    /// What signatures are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<TrustMode>,
    /// Whether the network is closed to all plugins, whatever is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline: Option<bool>,
    /// `[plugins.limits]`: of every plugin whose own table says nothing else.
    #[serde(skip_serializing_if = "LimitOverrides::is_empty")]
    pub limits: LimitOverrides,
    /// `[plugins.ceiling] allow`: what no plugin goes beyond, whatever is granted to it. None is no ceiling; an empty list
    /// lets no plugin do anything.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "ceiling_table"
    )]
    pub ceiling: Option<Vec<Capability>>,
}

fn ceiling_table<S: Serializer>(
    ceiling: &Option<Vec<Capability>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut table = serializer.serialize_map(Some(1))?;
    table.serialize_entry("allow", ceiling)?;
    table.end()
}

/// `[plugin."ID"]`: what an operator says of one plugin. The default lets it run and grants nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSettings {
    /// Whether it is loaded.
    pub enabled: bool,
    /// `grants`, `deny`, `askable` and `bind`: what it may reach, what it may not, what the person may be asked for, and what slots
    /// stand for.
    pub grant: Grant,
    /// Its settings, by name.
    pub config: BTreeMap<String, Setting>,
    /// Limits that differ from those of all plugins.
    pub limits: LimitOverrides,
    /// Which of its requests carry which secrets.
    pub secrets: Vec<Use>,
    /// Where its instances come from, whatever its manifest says.
    pub instances: Option<InstancePolicy>,
    /// Whether an update that changes only bytes waits for a person.
    pub updates: Updates,
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            grant: Grant::none(),
            config: BTreeMap::new(),
            limits: LimitOverrides::default(),
            secrets: Vec::new(),
            instances: None,
            updates: Updates::default(),
        }
    }
}

impl PluginSettings {
    /// Whether `later` takes something back that these settings give: a grant, what a slot stands for, or a secret.
    pub fn is_cut_by(&self, later: &Self) -> bool {
        let denied = later.grant.denied().iter();
        !later.grant.missing(self.grant.allowed()).is_empty()
            || denied
                .into_iter()
                .any(|one| !self.grant.denied().contains(one))
            || self.grant.slots() != later.grant.slots()
            || self.secrets.iter().any(|one| !later.secrets.contains(one))
    }
}

impl Serialize for PluginSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(None)?;
        table.serialize_entry("enabled", &self.enabled)?;
        table.serialize_entry("grants", self.grant.allowed())?;
        if !self.grant.denied().is_empty() {
            table.serialize_entry("deny", self.grant.denied())?;
        }
        if !self.grant.askable().is_empty() {
            table.serialize_entry("askable", self.grant.askable())?;
        }
        if let Some(instances) = self.instances {
            table.serialize_entry("instances", &instances)?;
        }
        if self.updates != Updates::Unsaid {
            table.serialize_entry("updates", &self.updates)?;
        }
        if !self.secrets.is_empty() {
            table.serialize_entry("secrets", &self.secrets)?;
        }
        let slots = self.grant.slots().iter();
        let bind: BTreeMap<_, _> = slots.map(|(slot, value)| (slot.as_str(), value)).collect();
        if !bind.is_empty() {
            table.serialize_entry("bind", &bind)?;
        }
        if !self.config.is_empty() {
            table.serialize_entry("config", &self.config)?;
        }
        if !self.limits.is_empty() {
            table.serialize_entry("limits", &self.limits)?;
        }
        table.end()
    }
}

impl Config {
    /// Parses a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        reader::read(text)
    }

    /// The line, from 1, of a key that the file says, written as in TOML: `plugins.offline`, `plugin."org.example.weather".grants`.
    pub fn line(&self, key: &str) -> Option<usize> {
        self.lines.get(key)
    }
}
