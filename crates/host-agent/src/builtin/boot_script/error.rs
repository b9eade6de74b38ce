//! Why there is no text.

use std::path::PathBuf;
use std::time::Duration;

use portcullis_host_policy::escape;

use super::MAX_BYTES;
use crate::hook::HookError;

/// Why there is no text to add.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// The file can't be read.
    #[error("{} can't be read: {reason}. Put it there, or take it out of the configuration", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It is a folder, a pipe or a device.
    #[error("{} is no regular file: name one", path.display())]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },
    /// There is too much of it.
    #[error("{what} has more than {} KiB: shorten it", MAX_BYTES / 1024)]
    TooLong {
        /// What does.
        what: String,
    },
    /// It is not UTF-8.
    #[error("{what} is no UTF-8 text from byte {at} on: save it as one")]
    NotText {
        /// What is not.
        what: String,
        /// Bytes before the mistake.
        at: usize,
    },
    /// The program can't be run.
    #[error("{} can't be run: {reason}. Name a program that is there and may be executed", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The program failed.
    #[error("{} failed with {status}{}", program.display(), said(.stderr))]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: String,
        /// The start of what it wrote to its standard error.
        stderr: String,
    },
    /// The program took too long.
    #[error("{} was killed since it took longer than {timeout:?}: make it faster, or give it more time", program.display())]
    TookTooLong {
        /// The program.
        program: PathBuf,
        /// How long it had.
        timeout: Duration,
    },
    /// The agent ends.
    #[error("reading was interrupted, since the agent ends")]
    Interrupted,
}

fn said(stderr: &str) -> String {
    let stderr = stderr.trim();
    if stderr.is_empty() {
        ", and said nothing about it".to_owned()
    } else {
        format!(": {}", escape::text(stderr))
    }
}

impl From<BootError> for HookError {
    fn from(error: BootError) -> Self {
        Self {
            code: "boot-script".to_owned(),
            message: error.to_string(),
        }
    }
}
