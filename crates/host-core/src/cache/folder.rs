//! Where the cache is, if anywhere.

use std::path::{Path, PathBuf};

use super::Cache;
use crate::private::user_folder;

/// What an embedder says of it.
pub(crate) enum CacheFolder {
    Default,
    At(PathBuf),
    None,
}

impl CacheFolder {
    pub(crate) fn folder(self) -> Option<PathBuf> {
        match self {
            Self::Default => user_folder("XDG_CACHE_HOME", ".cache", "compiled"),
            Self::At(folder) => Some(folder),
            Self::None => None,
        }
    }
}

/// The cache in a folder. One that can't be used is a warning: every load compiles.
pub(crate) fn open(folder: &Path, limit: u64) -> Option<Cache> {
    Cache::open(folder, limit)
        .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "no compile cache: every load compiles"))
        .ok()
}
