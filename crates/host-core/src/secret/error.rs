//! What can go wrong with secrets. No error carries a value.

use std::fmt;
use std::io;
use std::path::PathBuf;

use portcullis_host_policy::secret::{Binding, SecretName};

/// Why a secret can't be kept, found or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A secret is bound to the plugin, and the store has none of that name.
    #[error(
        "the secret {name} is bound to this plugin and not in the store; `portcullis secret set {name}` puts it there"
    )]
    Missing {
        /// The secret.
        name: SecretName,
    },
    /// A plugin may use a secret, and the host has no store.
    #[error(
        "the plugin may use the secret {name}, and this host was given no store of secrets; set HostBuilder::secrets"
    )]
    NoStore {
        /// The secret.
        name: SecretName,
    },
    /// A value that can't be kept.
    #[error("the value for the secret {name} can't be kept: {rule}")]
    Value {
        /// The secret.
        name: SecretName,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// A value that can't stand where its binding puts it.
    #[error("the secret {name} can't be sent as {placement}: {rule}")]
    Unsendable {
        /// The secret.
        name: SecretName,
        /// Where it is bound to.
        placement: String,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// Two secrets for the same place in the same request.
    #[error(
        "two secrets would be put in one place of the same request: {first}, and {second}; unbind one"
    )]
    Conflict {
        /// One binding.
        first: Box<Binding>,
        /// The other.
        second: Box<Binding>,
    },
    /// A file of secrets or bindings can't be read or written.
    #[error("can't use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was encrypted with another passphrase or key file.
    #[error("{} is locked with another passphrase or key than the one that was given", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// The file was encrypted with another kind of key.
    #[error("{} is locked with {locked_with}", path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// With what kind.
        locked_with: &'static str,
    },
    /// The file of the key is gone.
    #[error("{} is missing, and without it the secrets beside it can't be read; put it back, or remove secrets.enc and set them anew", path.display())]
    KeyMissing {
        /// The missing file.
        path: PathBuf,
    },
    /// The file was changed, or is none of this kind.
    #[error("{} can't be used: {problem}; put back a copy, or remove it and set its secrets anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The file of bindings says what is no binding.
    #[error("{} is not right: {problem}", path.display())]
    Bindings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        problem: String,
    },
    /// The store failed in a way of its own.
    #[error("the store of secrets failed: {reason}")]
    Store {
        /// What happened.
        reason: String,
    },
    /// The values can't be searched for.
    #[error("the search for secrets can't be set up: {reason}")]
    Search {
        /// What happened.
        reason: String,
    },
}

impl SecretError {
    pub(super) fn store(reason: impl fmt::Display) -> Self {
        Self::Store {
            reason: reason.to_string(),
        }
    }

    pub(super) fn search(reason: impl fmt::Display) -> Self {
        Self::Search {
            reason: reason.to_string(),
        }
    }
}
