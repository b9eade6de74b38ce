//! `plugin.toml`: what a plugin is called, what it asks for, what it limits itself to, and how it is run.
//!
//! ```toml
//! [plugin]
//! id = "org.example.weather"
//! version = "1.2.0"
//! name = "Weather"
//! description = "Forecasts for any place."
//! license = "MIT OR Apache-2.0"
//! authors = ["A. Author <a@example.org>"]
//! homepage = "https://example.org/weather"
//! repository = "https://example.org/weather.git"
//!
//! [capabilities]
//! request = ["http:https://api.example.org/v1/*", "secret:WEATHER_KEY"]
//!
//! [limits]
//! wall-clock = "2s"
//! memory-bytes = "64MiB"
//!
//! [config.properties.units]
//! enum = ["metric", "imperial"]
//!
//! [config.properties.token]
//! type = "string"
//! x-secret = true
//!
//! [instances]
//! policy = "reuse"
//! ```
//!
//! Only `id` and `version` must be there. A key that is not known is an error, with the nearest known one; all errors
//! of a manifest are reported at once. A manifest is parsed once, into types.

mod config;
mod reader;
mod schema;
pub mod section;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::Serialize;

pub use config::ConfigSchema;

use crate::capability::Capability;
use crate::document::DocumentErrors;
use crate::id::PluginId;
use crate::limits::LimitOverrides;
use crate::text::string_serde;

/// A parsed manifest.
///
/// It serializes in the shape of the file, for programs that read `portcullis inspect --output json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// `[plugin]`
    pub plugin: PluginSection,
    /// `[capabilities]`
    pub capabilities: CapabilitiesSection,
    /// `[limits]`: what the plugin lowers.
    pub limits: LimitOverrides,
    /// `[config]`: what settings the plugin takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigSchema>,
    /// `[instances]`
    pub instances: InstancesSection,
}

/// `[plugin]`: what the author says of the plugin. Claims, all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginSection {
    /// What it is called among programs.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Where to read about it: an http or https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Where its source is: an http or https address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// `[capabilities]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CapabilitiesSection {
    /// What the plugin asks for; nothing where it is left out.
    pub request: Vec<Capability>,
}

/// `[instances]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InstancesSection {
    /// How long an instance lives.
    pub policy: InstancePolicy,
}

/// How long an instance of the plugin lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InstancePolicy {
    /// `fresh`: for one call. Nothing that a call leaves behind is seen by the next.
    #[default]
    Fresh,
    /// `reuse`: for many calls, one after another; a small pool is kept warm.
    Reuse,
    /// `session`: for one session, until it is closed or idle.
    Session,
}

impl InstancePolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Reuse, Self::Session];

    /// As it stands in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Reuse => "reuse",
            Self::Session => "session",
        }
    }
}

/// A word that is no instance policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no instance policy; those are \"fresh\", \"reuse\" and \"session\"")]
pub struct InstancePolicyError(pub String);

impl FromStr for InstancePolicy {
    type Err = InstancePolicyError;

    fn from_str(text: &str) -> Result<Self, InstancePolicyError> {
        let known = Self::ALL.into_iter().find(|policy| policy.as_str() == text);
        known.ok_or_else(|| InstancePolicyError(text.to_owned()))
    }
}

impl fmt::Display for InstancePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

string_serde!(InstancePolicy);

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        reader::read(text)
    }

    /// The manifest as JSON, in the shape of the file.
    pub fn to_json(&self) -> serde_json::Value {
        // Strings for keys and finite numbers for values: there is nothing that could fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}
