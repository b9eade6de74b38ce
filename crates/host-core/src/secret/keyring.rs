//! Secrets in the system's keyring: Secret Service, macOS' Keychain, Windows' Credential Manager.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keyring_core::{CredentialStore, Entry, Error, get_default_store};
use secrecy::{ExposeSecret, SecretString};

use super::{SecretError, SecretName, SecretStore, check_value, folder};

/// The service under which all entries are kept.
const SERVICE: &str = "portcullis";

/// The entry that lists the others, since not every keyring can. No secret has its name.
const INDEX: &str = ".names";

/// Secrets that the system keeps, and unlocks with the user's session.
pub struct KeyringSecrets(Arc<Inner>);

struct Inner {
    store: Arc<CredentialStore>,
    /// One writer of the list at a time. Another process may still put its own over it: then a name is not listed until it is set again.
    index: Mutex<()>,
}

impl KeyringSecrets {
    /// The user's keyring.
    ///
    /// # Errors
    /// Where the system has none, or it is not running.
    pub async fn open() -> Result<Self, SecretError> {
        let store = folder::blocking(|| {
            keyring::Entry::store_status()
                .as_ref()
                .map_err(SecretError::store)?;
            get_default_store().ok_or_else(|| SecretError::store("there is no keyring"))
        });
        Ok(Self::with_store(store.await?))
    }

    pub(super) fn with_store(store: Arc<CredentialStore>) -> Self {
        Self(Arc::new(Inner {
            store,
            index: Mutex::default(),
        }))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let inner = Arc::clone(&self.0);
        folder::blocking(move || work(&inner)).await
    }
}

impl std::fmt::Debug for KeyringSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyringSecrets(..)")
    }
}

#[async_trait]
impl SecretStore for KeyringSecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        let name = name.clone();
        self.with(move |inner| inner.get(name.as_str())).await
    }

    async fn set(&self, name: &SecretName, value: SecretString) -> Result<(), SecretError> {
        check_value(name, &value)?;
        let name = name.clone();
        self.with(move |inner| {
            let entry = inner.entry(name.as_str())?;
            entry.set_password(value.expose_secret()).map_err(failed)?;
            inner.change_index(|names| names.insert(name))
        })
        .await
    }

    async fn remove(&self, name: &SecretName) -> Result<bool, SecretError> {
        let name = name.clone();
        self.with(move |inner| {
            let removed = match inner.entry(name.as_str())?.delete_credential() {
                Ok(()) => true,
                Err(Error::NoEntry) => false,
                Err(error) => return Err(failed(error)),
            };
            inner.change_index(|names| names.remove(&name))?;
            Ok(removed)
        })
        .await
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        self.with(|inner| Ok(inner.names()?.into_iter().collect()))
            .await
    }
}

impl Inner {
    fn entry(&self, name: &str) -> Result<Entry, SecretError> {
        self.store.build(SERVICE, name, None).map_err(failed)
    }

    fn get(&self, name: &str) -> Result<Option<SecretString>, SecretError> {
        match self.entry(name)?.get_password() {
            Ok(value) => Ok(Some(value.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn names(&self) -> Result<BTreeSet<SecretName>, SecretError> {
        match self.get(INDEX)? {
            Some(list) => serde_json::from_str(list.expose_secret()).map_err(SecretError::store),
            None => Ok(BTreeSet::new()),
        }
    }

    fn change_index(
        &self,
        change: impl FnOnce(&mut BTreeSet<SecretName>) -> bool,
    ) -> Result<(), SecretError> {
        let _one = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = self.names()?;
        if !change(&mut names) {
            return Ok(());
        }
        let list = serde_json::to_string(&names).map_err(SecretError::store)?;
        self.entry(INDEX)?.set_password(&list).map_err(failed)
    }
}

/// What a keyring says of itself. Its errors may carry what was found, which their text does not show.
fn failed(error: Error) -> SecretError {
    SecretError::store(error)
}
