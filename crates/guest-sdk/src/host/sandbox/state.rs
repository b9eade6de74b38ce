//! The plugin's store.

use crate::HostError;
use crate::bindings::services::portcullis::host::state;
use crate::state::Entry;

pub(crate) async fn state_get(key: &str) -> Result<Option<Entry>, HostError> {
    let entry = state::get(key.to_owned()).await?;
    Ok(entry.map(|entry| Entry::new(entry.value, entry.version)))
}

pub(crate) async fn state_set(
    key: &str,
    value: Vec<u8>,
    expected: Option<&str>,
) -> Result<String, HostError> {
    Ok(state::set(key.to_owned(), value, expected.map(str::to_owned)).await?)
}

pub(crate) async fn state_delete(key: &str) -> Result<(), HostError> {
    Ok(state::delete(key.to_owned()).await?)
}

pub(crate) async fn state_keys(prefix: &str, limit: u32) -> Result<Vec<String>, HostError> {
    Ok(state::keys(prefix.to_owned(), limit).await?)
}
