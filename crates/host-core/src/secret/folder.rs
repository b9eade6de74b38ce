//! The folder that secrets and bindings are kept in: this user's alone, one writer at a time, each file whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::SecretError;
use crate::private::{make_private, open_private, user_folder};

/// Largest file that is read: a thousand of the longest values.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// Where secrets are kept where nothing else is said: `portcullis/secrets` in the user's configuration (`XDG_CONFIG_HOME`, or
/// `~/.config`). None where nothing says where home is.
pub fn default_folder() -> Option<PathBuf> {
    user_folder("XDG_CONFIG_HOME", ".config", "secrets")
}

/// Makes the folder where it is missing, and keeps other writers out for as long as the file lives.
pub(super) fn lock(folder: &Path) -> Result<File, SecretError> {
    make_private(folder).map_err(failed(folder))?;
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed(&path))?;
    file.lock().map_err(failed(&path))?;
    Ok(file)
}

/// What is in a file that only this user can read; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, SecretError> {
    let file = match open_private(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed(path))?,
    };
    check_private(&file).map_err(failed(path))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(failed(path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let path = path.to_owned();
        return Err(SecretError::Damaged {
            path,
            problem: "it is larger than any that is written",
        });
    }
    Ok(Some(bytes))
}

/// Puts a file in the place of the one that is there. The caller holds the lock.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made with 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed(folder))?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all());
    written.map_err(failed(path))?;
    file.persist(path)
        .map_err(|error| failed(path)(error.error))?;
    // The name is safe when its folder is.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))?;
    Ok(())
}

#[cfg(unix)]
fn check_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("it belongs to another user");
    }
    if metadata.mode() & 0o077 != 0 {
        return refuse("it is open to other users: chmod 600 it, and change what is in it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_: &File) -> io::Result<()> {
    Ok(())
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
