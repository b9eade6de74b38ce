//! What plugins keep across calls and restarts: for each identity a small store of its own.

mod file;
mod guest;
mod memory;
mod redb;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_policy::Identity;

pub(crate) use guest::Permission;
pub use memory::MemoryState;
pub use redb::FileState;

use crate::private::user_folder;

/// Length of a key: a path or an address fits, and keys stay what one looks for things by.
const KEY_BYTES: usize = 1_024;

/// Length of a value. What crosses to the host at once is limited to about as much by default; larger things are files.
const VALUE_BYTES: usize = 1024 * 1024;

/// What an entry counts beside its key and its value: about what a store needs to keep it, so that a million empty entries
/// are no way around the quota.
const ENTRY_BYTES: u64 = 32;

/// Keeps entries – texts with a value and a version – for identities. Nothing that one identity does reaches another's.
///
/// What was written is there after a restart and a crash, as far as the store is meant to outlive the process. A version is
/// never given twice to one identity, also where an entry was removed and written again.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The entry under `key`, or none.
    async fn get(&self, owner: Identity, key: &str) -> Result<Option<StateEntry>, StateError>;

    /// Writes an entry and gives its version.
    async fn set(&self, owner: Identity, write: StateWrite) -> Result<String, StateError>;

    /// Removes an entry, if it is there.
    async fn delete(&self, owner: Identity, key: &str) -> Result<(), StateError>;

    /// At most `limit` keys that start with `prefix`, in byte order.
    async fn keys(
        &self,
        owner: Identity,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<String>, StateError>;
}

/// An entry of a plugin's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEntry {
    /// What was stored.
    pub value: Vec<u8>,
    /// What stands for this very write.
    pub version: String,
}

/// An entry that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateWrite {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// What must be there before: none – whatever there is; empty – nothing; else this version.
    pub expected: Option<String>,
    /// Bytes that all entries together may take, with some for each entry.
    pub quota: u64,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The entry is not the expected one.
    #[error("the entry is not the one that was expected")]
    Conflict,
    /// There is no room.
    #[error("all entries together would take more than {quota} bytes; `state:BYTES` grants more")]
    QuotaExceeded {
        /// Bytes that are granted.
        quota: u64,
    },
    /// Key or value are not such as can be kept.
    #[error("{rule}")]
    Invalid {
        /// What must hold.
        rule: &'static str,
    },
    /// It can't be reached, and may be later.
    #[error("{place} can't be used: {reason}")]
    Unavailable {
        /// What was to be used: a file.
        place: String,
        /// Why not.
        reason: String,
    },
    /// What was kept is not what was written.
    #[error("{} is damaged: {reason}. Put a copy back in its place; or move it away, and its plugin starts with nothing", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
}

impl StateWrite {
    /// Whether it may be written where there is `present`, the version and the size of the entry that it replaces, among
    /// entries that take `bytes` together. Gives what they take then.
    fn admitted(&self, present: Option<(u64, u64)>, bytes: u64) -> Result<u64, StateError> {
        check_key(&self.key)?;
        if self.value.len() > VALUE_BYTES {
            let rule = "a value has at most 1 MiB";
            return Err(StateError::Invalid { rule });
        }
        let met = match (self.expected.as_deref(), present) {
            (None, _) | (Some(""), None) => true,
            (Some(expected), Some((version, _))) => expected == version.to_string(),
            (Some(_), None) => false,
        };
        if !met {
            return Err(StateError::Conflict);
        }
        let freed = present.map_or(0, |(_, size)| size);
        let left = bytes.saturating_sub(freed);
        let total = left.saturating_add(size(&self.key, &self.value));
        // Where the quota was lowered, a write that makes less of it is still welcome.
        if total > self.quota && total > bytes {
            return Err(StateError::QuotaExceeded { quota: self.quota });
        }
        Ok(total)
    }
}

fn check_key(key: &str) -> Result<(), StateError> {
    if key.is_empty() || key.len() > KEY_BYTES {
        let rule = "a key has 1 to 1,024 bytes";
        return Err(StateError::Invalid { rule });
    }
    Ok(())
}

fn size(key: &str, value: &[u8]) -> u64 {
    ENTRY_BYTES + key.len() as u64 + value.len() as u64
}

/// The default store. Its folder is not touched before a plugin that may keeps something.
pub(crate) fn default_store() -> Arc<dyn StateStore> {
    match user_folder("XDG_DATA_HOME", ".local/share", "state") {
        Some(folder) => Arc::new(FileState::new(folder)),
        None => {
            tracing::warn!(
                "state lasts as long as this process: neither XDG_DATA_HOME nor a home folder is known"
            );
            Arc::new(MemoryState::default())
        }
    }
}
