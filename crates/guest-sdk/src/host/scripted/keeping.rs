//! Secrets and state in native tests.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::in_charge;
use crate::HostError;
use crate::state::Entry;

/// Names, and the values of those that may be revealed.
pub(crate) type Secrets = BTreeMap<String, Option<String>>;

/// A store in memory.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) entries: RefCell<BTreeMap<String, Entry>>,
    writes: Cell<u64>,
}

impl Store {
    pub(crate) fn set(
        &self,
        key: &str,
        value: Vec<u8>,
        expected: Option<&str>,
    ) -> Result<String, HostError> {
        let mut entries = self.entries.borrow_mut();
        let version = entries.get(key).map_or("", |entry| &entry.version);
        if expected.is_some_and(|expected| expected != version) {
            return Err(HostError::Conflict);
        }
        // Counted over all keys, so that an entry that was removed and written anew has another one.
        self.writes.set(self.writes.get() + 1);
        let version = self.writes.get().to_string();
        entries.insert(key.to_owned(), Entry::new(value, version.clone()));
        Ok(version)
    }
}

pub(crate) fn secret_exists(name: &str) -> bool {
    in_charge().is_some_and(|script| script.secrets.borrow().contains_key(name))
}

pub(crate) fn secret_reveal(name: &str) -> Result<String, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let value = script.secrets.borrow().get(name).cloned();
    value.flatten().ok_or(HostError::Denied)
}

pub(crate) async fn state_get(key: &str) -> Result<Option<Entry>, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let entry = script.state.entries.borrow().get(key).cloned();
    Ok(entry)
}

pub(crate) async fn state_set(
    key: &str,
    value: Vec<u8>,
    expected: Option<&str>,
) -> Result<String, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    script.state.set(key, value, expected)
}

pub(crate) async fn state_delete(key: &str) -> Result<(), HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    script.state.entries.borrow_mut().remove(key);
    Ok(())
}

pub(crate) async fn state_keys(prefix: &str, limit: u32) -> Result<Vec<String>, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let entries = script.state.entries.borrow();
    let keys = entries.keys().filter(|key| key.starts_with(prefix));
    Ok(keys.take(limit as usize).cloned().collect())
}
