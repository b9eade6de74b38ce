//! The operator's settings for this plugin.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A setting that does not have the type it was asked for with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// One setting.
    #[error(
        "the setting `{key}` of this plugin does not fit: {reason}; correct it in the host's configuration"
    )]
    Setting {
        /// Its name.
        key: String,
        /// What was expected and what was there.
        reason: String,
    },
    /// The settings as a whole.
    #[error(
        "the settings of this plugin do not fit: {reason}; correct them in the host's configuration"
    )]
    Settings {
        /// What was expected and what was there.
        reason: String,
    },
}

/// One setting as a `T`, or `None` where the operator set none.
///
/// # Errors
/// [`ConfigError::Setting`] if the setting is no `T`.
///
/// ```
/// use portcullis_guest_sdk::{config, testing};
///
/// let host = testing::Host::new().config("greeting", "Hi").config("retries", 3);
/// host.run(|| {
///     assert_eq!(config::get::<String>("greeting"), Ok(Some("Hi".into())));
///     assert_eq!(config::get::<u32>("retries"), Ok(Some(3)));
///     assert_eq!(config::get::<bool>("verbose"), Ok(None));
///     assert!(config::get::<u32>("greeting").is_err());
/// });
/// ```
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, ConfigError> {
    // Not the contract's `get`: it gives the string "3" and the number 3 alike.
    let Some(value) = all::<Map<String, Value>>()?.remove(key) else {
        return Ok(None);
    };
    serde_json::from_value(value)
        .map(Some)
        .map_err(|error| ConfigError::Setting {
            key: key.to_owned(),
            reason: error.to_string(),
        })
}

/// All settings as one `T`, usually a struct with defaults.
///
/// # Errors
/// [`ConfigError::Settings`] if they are no `T`.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
/// use portcullis_guest_sdk::testing;
///
/// #[plugin_type]
/// struct Settings {
///     #[serde(default)]
///     verbose: bool,
/// }
///
/// testing::Host::new().config("verbose", true).run(|| {
///     assert!(config::all::<Settings>().unwrap().verbose);
/// });
/// ```
pub fn all<T: DeserializeOwned>() -> Result<T, ConfigError> {
    serde_json::from_str(&crate::host::config_all()).map_err(|error| ConfigError::Settings {
        reason: error.to_string(),
    })
}
