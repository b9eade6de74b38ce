//! What can go wrong with secrets. No error carries a value.

use std::fmt;

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
    /// Something else failed.
    #[error("the search for secrets can't be set up: {reason}")]
    Search {
        /// What happened.
        reason: String,
    },
}

impl SecretError {
    pub(super) fn search(reason: impl fmt::Display) -> Self {
        Self::Search {
            reason: reason.to_string(),
        }
    }
}
