//! The host's own cache of compiled code: kept where only this user can write, each entry authenticated, so that native code
//! which this host did not make is never executed. Whatever is wrong with it, the plugin is compiled again; the cache is
//! never an error for the user.

mod code;
mod entry;
mod folder;
mod key;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use entry::Part;
pub(crate) use folder::{CacheFolder, open};
pub(crate) use key::CacheKey;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::mac::MacKey;
use crate::private::{make_private, open_private};

/// How the name of a file starts that is being written.
const UNFINISHED: &str = ".unfinished-";

/// A directory of compiled plugins.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    mac: MacKey,
    /// Bytes that all entries together may take; the oldest go first.
    limit: u64,
}

impl Cache {
    /// Opens the cache in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// When the folder is not this user's alone, or can't be made: the host then goes without a cache.
    pub(crate) fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        make_private(folder)?;
        let folder = folder.canonicalize()?;
        let mac = MacKey::read_or_make(&folder.join("mac.key"))?;
        Ok(Self { folder, mac, limit })
    }

    /// The code under `key`, if there is some that this cache wrote.
    pub(crate) fn code(&self, engine: &Engine, key: &CacheKey) -> Option<Component> {
        let (file, bytes) = self.open_part(Part::Code, key)?;
        let code = self.verified(Part::Code, key, &bytes)?;
        let loaded = code::load(engine, &file, code);
        let loaded = loaded.inspect_err(|error| {
            self.give_up(Part::Code, key, &format!("does not load ({error})"));
        });
        loaded.ok()
    }

    /// What was stored beside the code under `key`; the code is not looked at.
    pub(crate) fn notes(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let (_, bytes) = self.open_part(Part::Notes, key)?;
        let notes = self.verified(Part::Notes, key, &bytes)?;
        Some(notes.to_vec())
    }

    /// Whether there is code under `key`, by its name alone.
    pub(crate) fn has_code(&self, key: &CacheKey) -> bool {
        self.path(Part::Code, key).exists()
    }

    /// Stores compiled code, then `notes`. A failure is logged and forgotten.
    pub(crate) fn put(&self, key: &CacheKey, code: &[u8], notes: &[u8]) {
        let files = [(Part::Code, code), (Part::Notes, notes)].map(|(part, content)| {
            let bytes = entry::write(part, content, key, &self.mac);
            (self.path(part, key), bytes)
        });
        if let Err(error) = self.write_all(&files) {
            tracing::warn!(folder = %self.folder.display(), %error, "can't write to the cache");
        }
    }

    fn open_part(&self, part: Part, key: &CacheKey) -> Option<(File, Vec<u8>)> {
        let mut file = open_private(&self.path(part, key)).ok()?;
        let mut bytes = Vec::new();
        if let Ok(metadata) = file.metadata() {
            bytes.reserve_exact(usize::try_from(metadata.len()).ok()?);
        }
        file.read_to_end(&mut bytes).ok()?;
        Some((file, bytes))
    }

    fn verified<'a>(&self, part: Part, key: &CacheKey, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let content = entry::read(part, bytes, key, &self.mac);
        if content.is_none() {
            self.give_up(part, key, "is not this host's, or is damaged");
        }
        content
    }

    fn give_up(&self, part: Part, key: &CacheKey, why: &str) {
        let path = self.path(part, key);
        tracing::warn!(path = %path.display(), "cache entry {why}: compiling again");
        let _ = fs::remove_file(path);
    }

    fn write_all(&self, files: &[(PathBuf, Vec<u8>)]) -> io::Result<()> {
        let needed = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        if needed > self.limit {
            return Ok(());
        }
        self.make_room(needed)?;
        files
            .iter()
            .try_for_each(|(path, bytes)| self.write(path, bytes))
    }

    /// Files appear whole under their name or not at all, and are never changed in place. They are not synced to the disk: what
    /// a crash of the machine tears is not authentic, and is compiled again.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path)?;
        Ok(())
    }

    fn make_room(&self, needed: u64) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            if is_ours(&path)
                && let Ok(metadata) = entry.metadata()
            {
                entries.push((metadata.modified()?, metadata.len(), path));
            }
        }
        let mut total = needed + entries.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
        entries.sort();
        for (_, bytes, path) in entries {
            if total <= self.limit {
                break;
            }
            // Another load may have removed it already.
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
            total -= bytes;
        }
        Ok(())
    }

    fn path(&self, part: Part, key: &CacheKey) -> PathBuf {
        self.folder
            .join(key.to_string())
            .with_extension(part.extension())
    }
}

/// Whether a file counts as the cache's: part of an entry, or one that a process that was killed did not finish.
fn is_ours(path: &Path) -> bool {
    let is_part = |extension| Part::ALL.iter().any(|part| extension == part.extension());
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    path.extension().is_some_and(is_part) || name.starts_with(UNFINISHED.as_bytes())
}

#[cfg(test)]
mod tests;
