//! What a host and its tools keep for this user alone: the folders for it, how they are made, and how files in them are read and
//! written: one writer at a time, each file whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError};

/// A folder of this user's: `variable` of the XDG base directories, or `fallback` in the home folder, and in it `portcullis/NAME`.
/// None where nothing says where home is.
pub fn user_folder(variable: &str, fallback: &str, name: &str) -> Option<PathBuf> {
    let base = match std::env::var_os(variable).map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        _ => std::env::home_dir()?.join(fallback),
    };
    Some(base.join("portcullis").join(name))
}

/// Makes a folder that only this user can enter, or checks that it is one.
///
/// # Errors
/// Where it can't be made, is another user's, or is open to others.
#[cfg(unix)]
pub fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let metadata = fs::metadata(folder)?;
    let refuse = |why: &str| {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{} {why}", folder.display()),
        ))
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to another user");
    }
    if metadata.mode() & 0o077 != 0 {
        return refuse("is open to other users: chmod 700 it");
    }
    Ok(())
}

/// Makes a folder of this user's.
///
/// # Errors
/// Where it can't be made.
#[cfg(not(unix))]
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Opens a file of such a folder for reading, without following a link.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NOFOLLOW.bits() as i32,
    );
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    Ok(file)
}

/// Whether the open file is the one that has this name now.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => place(open) == place(named),
        _ => false,
    }
}

#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Makes the folder where it is missing, and keeps other writers out for as long as the file lives.
///
/// # Errors
/// As [`make_private`], and where there is no such lock on this system.
pub fn lock(folder: &Path) -> io::Result<File> {
    make_private(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Makes a folder where it is missing, as one that only this user can enter, and keeps other writers out of it for as long as the
/// handle lives. Nothing is put into it, and it may be open to others.
pub(crate) fn lock_folder(folder: &Path) -> io::Result<File> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let handle = File::open(folder)?;
    handle.lock()?;
    Ok(handle)
}

/// What is in a file; none where there is no file. Links are not followed.
///
/// # Errors
/// Where it can't be read, is another user's, lets others do what `forbidden` says (as in `chmod`), or is longer than `max` bytes
/// ([`io::ErrorKind::FileTooLarge`]).
pub fn read(path: &Path, forbidden: u32, max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match open_private(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    check_private(&file, forbidden)?;
    read_whole(file, max).map(Some)
}

/// What is in an open file, up to `max` bytes.
pub(crate) fn read_whole(file: File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let why = "it is larger than any that is written";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Puts a file in the place of the one that is there. The caller holds the lock.
///
/// # Errors
/// Where it can't be written; what was there is still there then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |file| file.persist(path))
}

/// Writes a file where there is none.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], and where it can't be written.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |file| file.persist_noclobber(path))
}

fn put(
    path: &Path,
    bytes: &[u8],
    persist: impl FnOnce(NamedTempFile) -> Result<File, PersistError>,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made with 0600.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    persist(file).map_err(|error| error.error)?;
    // The name is safe when its folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Refuses a file that belongs to somebody else, or that others may do with what `forbidden` says (as in `chmod`).
#[cfg(unix)]
fn check_private(file: &File, forbidden: u32) -> io::Result<()> {
    check_owner(file, &[rustix::process::geteuid().as_raw()], forbidden)
}

#[cfg(not(unix))]
fn check_private(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Refuses a file that anybody can write to but this user and the system's.
#[cfg(unix)]
pub(crate) fn check_unwritable(file: &File) -> io::Result<()> {
    const ROOT: u32 = 0;
    let owners = [rustix::process::geteuid().as_raw(), ROOT];
    check_owner(file, &owners, 0o022)
}

#[cfg(not(unix))]
pub(crate) fn check_unwritable(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn check_owner(file: &File, owners: &[u32], forbidden: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if !owners.contains(&metadata.uid()) {
        return refuse("it belongs to another user");
    }
    if metadata.mode() & forbidden & 0o044 != 0 {
        return refuse("it is open to other users: chmod 600 it, and change what is in it");
    }
    if metadata.mode() & forbidden != 0 {
        return refuse("other users can write to it: chmod go-w it, and look at what is in it");
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_user_is_refused_whatever_its_mode() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert!(check_owner(file.as_file(), &[own], 0o077).is_ok());
        let refused = check_owner(file.as_file(), &[own.wrapping_add(1)], 0).unwrap_err();
        assert!(refused.to_string().contains("another user"), "{refused}");
    }
}
