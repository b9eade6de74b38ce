//! State that lasts as long as the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use portcullis_host_policy::Identity;

use super::{StateEntry, StateError, StateStore, StateWrite, check_key, size};

/// Keeps state in memory: for tests, and for hosts that want nothing kept.
#[derive(Debug, Default)]
pub struct MemoryState(Mutex<HashMap<Identity, Entries>>);

#[derive(Debug, Default)]
struct Entries {
    by_key: BTreeMap<String, (u64, Vec<u8>)>,
    bytes: u64,
    last_version: u64,
}

impl MemoryState {
    fn all(&self) -> MutexGuard<'_, HashMap<Identity, Entries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StateStore for MemoryState {
    async fn get(&self, owner: Identity, key: &str) -> Result<Option<StateEntry>, StateError> {
        check_key(key)?;
        let all = self.all();
        let found = all.get(&owner).and_then(|own| own.by_key.get(key));
        Ok(found.map(|(version, value)| StateEntry {
            value: value.clone(),
            version: version.to_string(),
        }))
    }

    async fn set(&self, owner: Identity, write: StateWrite) -> Result<String, StateError> {
        let mut all = self.all();
        let own = all.entry(owner).or_default();
        let present = own.by_key.get(&write.key);
        let present = present.map(|(version, value)| (*version, size(&write.key, value)));
        own.bytes = write.admitted(present, own.bytes)?;
        own.last_version += 1;
        own.by_key
            .insert(write.key, (own.last_version, write.value));
        Ok(own.last_version.to_string())
    }

    async fn delete(&self, owner: Identity, key: &str) -> Result<(), StateError> {
        check_key(key)?;
        if let Some(own) = self.all().get_mut(&owner)
            && let Some((_, value)) = own.by_key.remove(key)
        {
            own.bytes -= size(key, &value);
        }
        Ok(())
    }

    async fn keys(
        &self,
        owner: Identity,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<String>, StateError> {
        let all = self.all();
        let keys = all.get(&owner).into_iter().flat_map(|own| {
            let from = own.by_key.range(prefix.to_owned()..);
            from.map(|(key, _)| key.clone())
        });
        Ok(keys
            .take_while(|key| key.starts_with(prefix))
            .take(limit as usize)
            .collect())
    }
}
