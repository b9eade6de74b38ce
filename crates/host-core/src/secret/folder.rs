//! The folder that secrets and bindings are kept in.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::SecretError;
use crate::private::{self, user_folder};

/// Largest file that is read: a thousand of the longest values.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// Where secrets are kept where nothing else is said: `portcullis/secrets` in the user's configuration (`XDG_CONFIG_HOME`, or
/// `~/.config`). None where nothing says where home is.
pub fn default_folder() -> Option<PathBuf> {
    user_folder("XDG_CONFIG_HOME", ".config", "secrets")
}

/// Makes the folder where it is missing, and keeps other writers out for as long as the file lives.
pub(super) fn lock(folder: &Path) -> Result<File, SecretError> {
    private::lock(folder).map_err(failed(folder))
}

/// What is in a file that only this user can read; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, SecretError> {
    private::read(path, 0o077, MAX_FILE_BYTES).map_err(failed(path))
}

/// Puts a file in the place of the one that is there. The caller holds the lock.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretError> {
    private::replace(path, bytes).map_err(failed(path))
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> SecretError {
    let path = path.to_owned();
    move |source| SecretError::Io { path, source }
}

/// Runs blocking work off the caller's thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, SecretError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(SecretError::store)?
}
