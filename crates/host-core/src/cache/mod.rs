//! The host's own cache of compiled code: kept where only this user can write, each entry authenticated, so that native code
//! which this host did not make is never executed. Whatever is wrong with it, the plugin is compiled again; the cache is
//! never an error for the user.

mod code;
mod entry;
mod key;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(crate) use key::CacheKey;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::mac::MacKey;
use crate::private::{make_private, open_private};

/// A directory of compiled plugins.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    mac: MacKey,
    /// Bytes that all entries together may take; the oldest go first.
    limit: u64,
}

/// What a hit gives.
pub(crate) struct Hit {
    pub(crate) component: Component,
    /// What the caller stored beside the code.
    pub(crate) notes: Vec<u8>,
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

    /// The entry under `key`, if there is a whole one that this cache wrote.
    pub(crate) fn get(&self, engine: &Engine, key: &CacheKey) -> Option<Hit> {
        let path = self.path(key);
        let mut file = open_private(&path).ok()?;
        let mut bytes = Vec::new();
        if let Ok(metadata) = file.metadata() {
            bytes.reserve_exact(usize::try_from(metadata.len()).ok()?);
        }
        file.read_to_end(&mut bytes).ok()?;
        let Some(entry) = entry::read(&bytes, key, &self.mac) else {
            tracing::warn!(path = %path.display(), "cache entry is not this host's, or is damaged: compiling again");
            let _ = fs::remove_file(&path);
            return None;
        };
        match code::load(engine, &file, &entry) {
            Ok(component) => Some(Hit {
                component,
                notes: entry.notes.to_vec(),
            }),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cache entry does not load: compiling again");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Stores compiled code with `notes`. A failure is logged and forgotten.
    pub(crate) fn put(&self, key: &CacheKey, code: &[u8], notes: &[u8]) {
        let bytes = entry::write(code, notes, key, &self.mac);
        if let Err(error) = self.write(key, &bytes) {
            tracing::warn!(folder = %self.folder.display(), %error, "can't write to the cache");
        }
    }

    /// Entries appear whole under their name or not at all, and are never changed in place.
    fn write(&self, key: &CacheKey, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > self.limit {
            return Ok(());
        }
        self.make_room(bytes.len() as u64)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.as_file().sync_data()?;
        file.persist(self.path(key))?;
        Ok(())
    }

    fn make_room(&self, needed: u64) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            if path
                .extension()
                .is_some_and(|extension| extension == entry::EXTENSION)
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
            fs::remove_file(path)?;
            total -= bytes;
        }
        Ok(())
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder
            .join(key.to_string())
            .with_extension(entry::EXTENSION)
    }
}

#[cfg(test)]
mod tests;
