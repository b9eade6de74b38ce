//! The plugin's store through the sync-typed twin of its interface; the host serves it asynchronously all the same.

use crate::HostError;
use crate::bindings::services::portcullis::host::state_sync as state;
use crate::state::Entry;

pub(crate) async fn state_get(key: &str) -> Result<Option<Entry>, HostError> {
    let entry = state::get(key)?;
    Ok(entry.map(|entry| Entry::new(entry.value, entry.version)))
}

pub(crate) async fn state_set(
    key: &str,
    value: Vec<u8>,
    expected: Option<&str>,
) -> Result<String, HostError> {
    Ok(state::set(key, &value, expected)?)
}

pub(crate) async fn state_delete(key: &str) -> Result<(), HostError> {
    Ok(state::delete(key)?)
}

pub(crate) async fn state_keys(prefix: &str, limit: u32) -> Result<Vec<String>, HostError> {
    Ok(state::keys(prefix, limit)?)
}
