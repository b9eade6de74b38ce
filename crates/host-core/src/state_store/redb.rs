//! State that lasts: a redb file for each identity.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_policy::Identity;
use tokio::sync::Mutex as Turns;

use super::file::StateFile;
use super::{StateEntry, StateError, StateStore, StateWrite, check_key};

/// How long a file that another process uses is waited for. A write takes some ten milliseconds.
const WAIT: Duration = Duration::from_secs(2);

/// Keeps state in a folder that is this user's alone, a file for each identity.
///
/// A file is open only while it is used, so several processes may share the folder; they wait for each other for a moment,
/// and then are told [`StateError::Unavailable`]. What was acknowledged survives a crash. What was damaged since it was
/// written is [`StateError::Damaged`], never passed for what the plugin wrote.
///
/// One thread at most works for one identity, so that no plugin's work holds up another's.
pub struct FileState {
    folder: PathBuf,
    wait: Duration,
    turns: Mutex<HashMap<Identity, Arc<Turns<()>>>>,
}

impl FileState {
    /// A store in `folder`, which is made when there is something to keep.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            wait: WAIT,
            turns: Mutex::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn waiting(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Where it keeps things.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Works with an identity's file, on another thread, after those that came before. Who stops waiting for the work does
    /// not end it, and it keeps its turn.
    async fn work<T: Send + 'static>(
        &self,
        owner: Identity,
        work: impl FnOnce(&StateFile) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let turns = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(owner).or_default())
        };
        let turn = turns.lock_owned().await;
        let file = StateFile::new(&self.folder, owner, self.wait);
        let path = file.path().to_owned();
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&file)
        });
        worked.await.unwrap_or_else(|error| {
            // A database that finds itself in an impossible state panics: pages that are not what it wrote.
            let reason = error.to_string();
            Err(if error.is_panic() {
                StateError::Damaged { path, reason }
            } else {
                let place = path.display().to_string();
                StateError::Unavailable { place, reason }
            })
        })
    }
}

#[async_trait]
impl StateStore for FileState {
    async fn get(&self, owner: Identity, key: &str) -> Result<Option<StateEntry>, StateError> {
        check_key(key)?;
        let key = key.to_owned();
        self.work(owner, move |file| file.get(&key)).await
    }

    async fn set(&self, owner: Identity, write: StateWrite) -> Result<String, StateError> {
        self.work(owner, move |file| file.set(&write)).await
    }

    async fn delete(&self, owner: Identity, key: &str) -> Result<(), StateError> {
        check_key(key)?;
        let key = key.to_owned();
        self.work(owner, move |file| file.delete(&key)).await
    }

    async fn keys(
        &self,
        owner: Identity,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<String>, StateError> {
        let prefix = prefix.to_owned();
        self.work(owner, move |file| file.keys(&prefix, limit))
            .await
    }
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileState")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}
