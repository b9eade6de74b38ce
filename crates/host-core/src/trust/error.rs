//! What can go wrong with the operator's trust.

use std::io;
use std::path::PathBuf;

use portcullis_host_policy::document::DocumentErrors;

/// Why keys or the lock can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file or folder can't be read or written, or is open to others.
    #[error("can't use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds mistakes.
    #[error("{} can't be used:\n{errors}", path.display())]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: DocumentErrors,
    },
}
