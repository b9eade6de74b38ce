//! One setting of a plugin: a value, or the name of a secret.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::PluginSettings;
use crate::manifest::ConfigSchema;
use crate::secret::SecretName;

/// What an operator sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// The value itself.
    Plain(Value),
    /// `{ secret = "NAME" }`: the value that is kept under this name.
    Secret(SecretName),
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Secret(name) => {
                let mut table = serializer.serialize_map(Some(1))?;
                table.serialize_entry("secret", name)?;
                table.end()
            }
        }
    }
}

/// A setting that does not go with what the plugin says of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A secret that anybody can read who reads the configuration.
    #[error(
        "the setting `{setting}` is a secret and stands in the configuration in plain text; run `portcullis secret set NAME`, and \
         write `{setting} = {{ secret = \"NAME\" }}`"
    )]
    PlainSecret {
        /// The setting.
        setting: String,
    },
    /// A secret that would be treated like any other value.
    #[error(
        "the setting `{setting}` is given a secret, and the plugin does not treat it as one; only what its manifest calls \
         `x-secret` takes a secret"
    )]
    NotSecret {
        /// The setting.
        setting: String,
    },
}

impl PluginSettings {
    /// What is wrong with where secrets are among the settings, for a plugin whose manifest says `schema`; empty where nothing is.
    /// Whether the values fit is seen when they are known.
    pub fn misplaced_secrets(&self, schema: Option<&ConfigSchema>) -> Vec<SettingError> {
        let is_secret =
            |name: &str| schema.is_some_and(|schema| schema.secrets().any(|secret| secret == name));
        let wrong = |(name, setting): (&String, &Setting)| {
            let setting_name = name.clone();
            match setting {
                Setting::Plain(_) if is_secret(name) => Some(SettingError::PlainSecret {
                    setting: setting_name,
                }),
                Setting::Secret(_) if !is_secret(name) => Some(SettingError::NotSecret {
                    setting: setting_name,
                }),
                _ => None,
            }
        };
        self.config.iter().filter_map(wrong).collect()
    }
}
