//! The operator's trust on disk: keys, the lock, and what was shown when something was approved.

mod error;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_host_policy::Digest;
use portcullis_host_policy::document::DocumentErrors;
use portcullis_host_policy::trust::{Lock, Surface, TrustedKeys};

pub use error::TrustError;

use crate::private::{self, user_folder};

/// Largest file that is read: tens of thousands of keys or plugins.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// A folder that only its user can enter, with `trusted_keys.toml`, `plugins.lock` and `surfaces/`.
///
/// Files appear whole or not at all, and writers keep each other out, so a process that is killed at any point leaves what was
/// there before or what was to be there.
#[derive(Clone, Debug)]
pub struct TrustFolder {
    folder: PathBuf,
}

impl TrustFolder {
    /// The folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Where it is where nothing else is said: `portcullis/trust` in the user's configuration (`XDG_CONFIG_HOME`, or `~/.config`). None
    /// where nothing says where home is.
    pub fn default_folder() -> Option<PathBuf> {
        user_folder("XDG_CONFIG_HOME", ".config", "trust")
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The file of trusted keys, for who edits it.
    pub fn keys_path(&self) -> PathBuf {
        self.folder.join("trusted_keys.toml")
    }

    /// The trusted keys; none where there is no file.
    ///
    /// # Errors
    /// Where the file can't be read, is another user's or can be written by others, or holds mistakes.
    pub fn keys(&self) -> Result<TrustedKeys, TrustError> {
        let path = self.keys_path();
        let keys = self.read(&path, TrustedKeys::parse)?;
        Ok(keys.unwrap_or_default())
    }

    /// Changes the text of the file of trusted keys, with other writers kept out.
    ///
    /// # Errors
    /// As [`TrustFolder::keys`], where the file can't be written, and what `change` gives; nothing is changed then.
    pub fn edit_keys<E: From<TrustError>>(
        &self,
        change: impl FnOnce(&str) -> Result<String, E>,
    ) -> Result<(), E> {
        let _lock = self.keep_out()?;
        let path = self.keys_path();
        let text = self.read(&path, |text| Ok(text.to_owned()))?;
        let text = change(&text.unwrap_or_default())?;
        let mistakes = TrustedKeys::parse(&text).err();
        if let Some(errors) = mistakes {
            return Err(TrustError::Mistakes { path, errors }.into());
        }
        private::replace(&path, text.as_bytes()).map_err(failed(&path))?;
        Ok(())
    }

    /// What was approved; none where there is no lock, which is not the same as an empty one.
    ///
    /// # Errors
    /// As [`TrustFolder::keys`].
    pub fn lock(&self) -> Result<Option<Lock>, TrustError> {
        self.read(&self.lock_path(), Lock::parse)
    }

    /// Changes what was approved, with other writers kept out, and gives what `change` gave. `change` sees none where there
    /// is no lock.
    ///
    /// # Errors
    /// As [`TrustFolder::keys`], and where the lock can't be written; nothing is changed then.
    pub fn update_lock<T>(
        &self,
        change: impl FnOnce(&mut Option<Lock>) -> T,
    ) -> Result<T, TrustError> {
        let _lock = self.keep_out()?;
        let before = self.lock()?;
        let mut lock = before.clone();
        let given = change(&mut lock);
        if let Some(lock) = lock.filter(|lock| before.as_ref() != Some(lock)) {
            let path = self.lock_path();
            private::replace(&path, lock.to_string().as_bytes()).map_err(failed(&path))?;
        }
        Ok(given)
    }

    /// What a plugin showed when it was approved; none where that was not kept, or is not what it was.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn surface(&self, digest: &Digest) -> Result<Option<Surface>, TrustError> {
        let path = self.surface_path(digest);
        let Some(bytes) = self.read_bytes(&path)? else {
            return Ok(None);
        };
        let surface = serde_json::from_slice::<Surface>(&bytes).ok();
        Ok(surface.filter(|surface| surface.digest() == *digest))
    }

    /// Keeps what a plugin shows, to show later what has changed.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn keep_surface(&self, surface: &Surface) -> Result<(), TrustError> {
        let path = self.surface_path(&surface.digest());
        let folder = self.folder.join("surfaces");
        private::make_private(&folder).map_err(failed(&folder))?;
        // What is kept under its own digest never changes.
        if path.exists() {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(surface)
            .map_err(io::Error::other)
            .map_err(failed(&path))?;
        private::replace(&path, &text).map_err(failed(&path))
    }

    fn lock_path(&self) -> PathBuf {
        self.folder.join("plugins.lock")
    }

    fn surface_path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string().replace(':', "-");
        self.folder
            .join("surfaces")
            .join(name)
            .with_extension("json")
    }

    fn keep_out(&self) -> Result<File, TrustError> {
        private::lock(&self.folder).map_err(failed(&self.folder))
    }

    fn read<T>(
        &self,
        path: &Path,
        parse: impl FnOnce(&str) -> Result<T, DocumentErrors>,
    ) -> Result<Option<T>, TrustError> {
        let Some(bytes) = self.read_bytes(path)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
            .map_err(failed(path))?;
        let mistakes = |errors| TrustError::Mistakes {
            path: path.to_owned(),
            errors,
        };
        parse(&text).map(Some).map_err(mistakes)
    }

    fn read_bytes(&self, path: &Path) -> Result<Option<Vec<u8>>, TrustError> {
        // Nothing in it is secret; who can write to it decides what runs.
        private::read(path, 0o022, MAX_FILE_BYTES).map_err(failed(path))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TrustError {
    let path = path.to_owned();
    move |source| TrustError::Io { path, source }
}
