//! A small store of the plugin's own: entries under keys, kept across calls and restarts.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// Counts the calls of this tool, whichever instance they came to.
//! #[plugin_tool]
//! async fn count() -> Result<u64, ToolError> {
//!     loop {
//!         let before = state::get_json::<u64>("count").await?;
//!         let (count, expected) = match &before {
//!             Some(entry) => (entry.value + 1, Expected::Version(&entry.version)),
//!             None => (1, Expected::Absent),
//!         };
//!         match state::set_json_if("count", &count, expected).await {
//!             // Another call was quicker.
//!             Err(HostError::Conflict) => continue,
//!             done => return Ok(done.map(|_| count)?),
//!         }
//!     }
//! }
//!
//! let host = Host::new();
//! assert_eq!(host.call("count", json!({})).unwrap().text(), "1");
//! assert_eq!(host.call("count", json!({})).unwrap().text(), "2");
//! ```
//!
//! The manifest asks for it: `request = ["state"]`. It is kept for the plugin's identity, not for its name: see the operator's
//! guide.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::HostError;

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<T = Vec<u8>> {
    /// What was stored.
    pub value: T,
    /// Of this write and no other; for [`Expected::Version`].
    pub version: String,
}

impl<T> Entry<T> {
    pub(crate) fn new(value: T, version: String) -> Self {
        Self { value, version }
    }
}

/// What has to be under a key for a conditional write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected<'a> {
    /// No entry.
    Absent,
    /// The entry of this version.
    Version(&'a str),
}

impl<'a> Expected<'a> {
    /// As the contract has it.
    fn as_str(self) -> &'a str {
        match self {
            Self::Absent => "",
            Self::Version(version) => version,
        }
    }
}

/// The entry under `key`, if there is one.
///
/// # Errors
/// [`HostError`] says which.
pub async fn get(key: &str) -> Result<Option<Entry>, HostError> {
    crate::host::state_get(key).await
}

/// Writes an entry, whatever was there, and gives its version.
///
/// # Errors
/// [`HostError::QuotaExceeded`], if there is no room; [`HostError`] says which other.
pub async fn set(key: &str, value: impl Into<Vec<u8>>) -> Result<String, HostError> {
    crate::host::state_set(key, value.into(), None).await
}

/// Writes an entry if what is there is what is expected, and gives its version.
///
/// # Errors
/// [`HostError::Conflict`], if it is not; else as [`set`].
pub async fn set_if(
    key: &str,
    value: impl Into<Vec<u8>>,
    expected: Expected<'_>,
) -> Result<String, HostError> {
    crate::host::state_set(key, value.into(), Some(expected.as_str())).await
}

/// Removes the entry under `key`; nothing happens where there is none.
///
/// # Errors
/// [`HostError`] says which.
pub async fn delete(key: &str) -> Result<(), HostError> {
    crate::host::state_delete(key).await
}

/// At most `limit` keys that start with `prefix`, in the order of their bytes.
///
/// # Errors
/// [`HostError`] says which.
pub async fn keys(prefix: &str, limit: u32) -> Result<Vec<String>, HostError> {
    crate::host::state_keys(prefix, limit).await
}

/// The entry under `key`, read as the JSON of a `T`.
///
/// # Errors
/// [`HostError::Invalid`], if it is no such JSON; else as [`get`].
pub async fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<Entry<T>>, HostError> {
    let Some(entry) = get(key).await? else {
        return Ok(None);
    };
    let value = serde_json::from_slice(&entry.value).map_err(|error| HostError::Invalid {
        message: format!("the entry {key:?} is not the JSON that was expected: {error}"),
    })?;
    Ok(Some(Entry::new(value, entry.version)))
}

/// Writes `value` as JSON, whatever was there, and gives its version.
///
/// # Errors
/// [`HostError::Invalid`], if it has no JSON form; else as [`set`].
pub async fn set_json(key: &str, value: &impl Serialize) -> Result<String, HostError> {
    set(key, to_json(key, value)?).await
}

/// Writes `value` as JSON if what is there is what is expected, and gives its version.
///
/// # Errors
/// As [`set_json`] and [`set_if`].
pub async fn set_json_if(
    key: &str,
    value: &impl Serialize,
    expected: Expected<'_>,
) -> Result<String, HostError> {
    set_if(key, to_json(key, value)?, expected).await
}

fn to_json(key: &str, value: &impl Serialize) -> Result<Vec<u8>, HostError> {
    serde_json::to_vec(value).map_err(|error| HostError::Invalid {
        message: format!("the new entry {key:?} has no JSON form: {error}"),
    })
}
