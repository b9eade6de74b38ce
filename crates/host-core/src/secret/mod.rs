//! Secrets: where operators keep them, and how they get into a plugin's requests without the plugin seeing them.
//!
//! A value lives in a [`SecretStore`] under a name of the operator's. A [`Binding`] says for one plugin's identity to which
//! requests it is added, and where in them. Both are needed, and the capability `secret:NAME` as well.

mod bindings;
mod error;
mod file;
mod folder;
mod forms;
mod keyring;
mod leak;
mod memory;
mod record;
mod redact;
mod sealed;
mod serve;
#[cfg(test)]
mod tests;
mod vault;

use std::path::PathBuf;

use async_trait::async_trait;
pub use bindings::BindingsFile;
pub use error::SecretError;
pub use file::{FileSecrets, StoreKey};
pub use folder::default_folder;
pub use keyring::KeyringSecrets;
pub(crate) use leak::{Leak, Scanner};
pub use memory::MemorySecrets;
pub use portcullis_host_policy::secret::{
    Binding, Destination, DestinationError, Placement, PlacementError, SecretName, Use,
};
pub(crate) use redact::Redactor;
pub use secrecy::{ExposeSecret, SecretString};
pub(crate) use vault::Vault;

/// Longest value, in bytes: servers refuse longer header fields, and keys and certificates fit.
pub const MAX_VALUE_BYTES: usize = 16 * 1024;

/// Keeps an operator's secrets by name. A [`SecretString`] can't print itself and is overwritten when it is dropped.
///
/// A host asks it once for each secret that a plugin may use, when the plugin is loaded; never for one that no plugin may.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The value under `name`.
    ///
    /// # Errors
    /// Where the store can't be read.
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError>;

    /// Puts a value under `name`, over one that is there.
    ///
    /// # Errors
    /// [`SecretError::Value`] where it is none that could be used; else where the store can't be written.
    async fn set(&self, name: &SecretName, value: SecretString) -> Result<(), SecretError>;

    /// Removes a value; says whether there was one.
    ///
    /// # Errors
    /// Where the store can't be written.
    async fn remove(&self, name: &SecretName) -> Result<bool, SecretError>;

    /// All names, in order.
    ///
    /// # Errors
    /// Where the store can't be read, or can't list.
    async fn list(&self) -> Result<Vec<SecretName>, SecretError>;

    /// The folder that it keeps them in, which no plugin is then granted, nor one in it or around it.
    fn folder(&self) -> Option<PathBuf> {
        None
    }
}

/// Refuses values that no request and no plugin could use.
///
/// # Errors
/// [`SecretError::Value`].
fn check_value(name: &SecretName, value: &SecretString) -> Result<(), SecretError> {
    let value = value.expose_secret();
    let rule = match value.len() {
        0 => "a value is not empty",
        1..=MAX_VALUE_BYTES if value.contains('\0') => "a value holds no NUL",
        1..=MAX_VALUE_BYTES => return Ok(()),
        _ => "a value has at most 16384 bytes",
    };
    Err(SecretError::Value {
        name: name.clone(),
        rule,
    })
}
