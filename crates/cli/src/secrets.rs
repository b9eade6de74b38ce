//! Where this command finds the operator's secrets.

use crate::args::{SecretsArgs, StoreKind};
use crate::commands::secret::SecretCommandError;
use crate::error::CliError;
use async_trait::async_trait;
use portcullis_host_core::secret::{
    BindingsFile, FileSecrets, KeyringSecrets, SecretError, SecretName, SecretStore, SecretString,
    StoreKey, default_folder,
};
use std::path::PathBuf;
use tokio::sync::OnceCell;

/// The variable that a passphrase is taken from. Without it the file's key is in a file beside it.
pub(crate) const PASSPHRASE: &str = "PORTCULLIS_SECRETS_PASSPHRASE";

/// The operator's store.
async fn store(place: &SecretsArgs) -> Result<Box<dyn SecretStore>, SecretCommandError> {
    Ok(match place.secret_store {
        StoreKind::Keyring => Box::new(KeyringSecrets::open().await?),
        StoreKind::File => {
            let key = match std::env::var(PASSPHRASE) {
                Ok(passphrase) => StoreKey::Passphrase(passphrase.into()),
                Err(_) => StoreKey::KeyFile,
            };
            Box::new(FileSecrets::new(folder(place)?, key))
        }
    })
}

/// The operator's bindings.
pub(crate) fn bindings(place: &SecretsArgs) -> Result<BindingsFile, SecretCommandError> {
    Ok(BindingsFile::new(folder(place)?))
}

fn folder(place: &SecretsArgs) -> Result<PathBuf, SecretCommandError> {
    let folder = place.secrets_dir.clone().or_else(default_folder);
    folder.ok_or(SecretCommandError::NoFolder)
}

/// Works with the operator's store.
pub(crate) fn with_store<T>(
    place: &SecretsArgs,
    work: impl AsyncFnOnce(&dyn SecretStore) -> Result<T, SecretError>,
) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    let done = runtime.block_on(async { Ok(work(&*store(place).await?).await?) });
    done.map_err(CliError::Secret)
}

/// What went wrong, with what this command can add.
pub(crate) fn described(error: &SecretError) -> String {
    match error {
        SecretError::WrongKey { .. } | SecretError::OtherKey { .. } => {
            format!("{error}\n  {PASSPHRASE} is where a passphrase is taken from")
        }
        _ => error.to_string(),
    }
}

/// A store that is opened when a plugin first needs a secret: most calls need none, and a keyring may ask its user.
pub(crate) struct OnDemand {
    place: SecretsArgs,
    store: OnceCell<Box<dyn SecretStore>>,
}

impl OnDemand {
    pub(crate) fn new(place: SecretsArgs) -> Self {
        Self {
            place,
            store: OnceCell::new(),
        }
    }

    async fn open(&self) -> Result<&dyn SecretStore, SecretError> {
        let opened = self.store.get_or_try_init(|| store(&self.place)).await;
        match opened {
            Ok(store) => Ok(&**store),
            Err(SecretCommandError::Store(error)) => Err(error),
            Err(other) => Err(SecretError::Store {
                reason: other.to_string(),
            }),
        }
    }
}

#[async_trait]
impl SecretStore for OnDemand {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        self.open().await?.get(name).await
    }

    async fn set(&self, name: &SecretName, value: SecretString) -> Result<(), SecretError> {
        self.open().await?.set(name, value).await
    }

    async fn remove(&self, name: &SecretName) -> Result<bool, SecretError> {
        self.open().await?.remove(name).await
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        self.open().await?.list().await
    }
}
