//! Secrets in an encrypted file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::sealed::{self, Cost, Key, Kind, Lock, Unreadable};
use super::{SecretError, SecretName, SecretStore, check_value, folder};
use crate::mac::MacKey;

/// What the file is encrypted with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreKey {
    /// `secrets.key` beside it, made on first use. It keeps secrets out of what is copied of the file alone; who can read this
    /// user's files can read both.
    KeyFile,
    /// A passphrase, through Argon2id.
    Passphrase(SecretString),
}

/// `secrets.enc` in a folder of this user's alone, encrypted with XChaCha20-Poly1305. Several processes can use it at once: a write
/// takes the folder's lock, reads, changes and replaces the file, so that none is lost and none is seen half.
#[derive(Debug)]
pub struct FileSecrets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    key: StoreKey,
    cost: Cost,
    /// The key that was made last, since a passphrase takes its time.
    made: Mutex<Option<(Lock, Key)>>,
}

type Values = BTreeMap<SecretName, SecretString>;

impl FileSecrets {
    /// The file in `folder`. Nothing is read or made before it is needed.
    pub fn new(folder: impl Into<PathBuf>, key: StoreKey) -> Self {
        Self::with_cost(folder.into(), key, Cost::DEFAULT)
    }

    pub(super) fn with_cost(folder: PathBuf, key: StoreKey, cost: Cost) -> Self {
        Self(Arc::new(Inner {
            folder,
            key,
            cost,
            made: Mutex::default(),
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

#[async_trait]
impl SecretStore for FileSecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        let name = name.clone();
        self.with(move |inner| Ok(inner.read()?.remove(&name)))
            .await
    }

    async fn set(&self, name: &SecretName, value: SecretString) -> Result<(), SecretError> {
        check_value(name, &value)?;
        let name = name.clone();
        self.with(move |inner| inner.update(|values| values.insert(name, value)))
            .await?;
        Ok(())
    }

    async fn remove(&self, name: &SecretName) -> Result<bool, SecretError> {
        let name = name.clone();
        let removed = self.with(move |inner| inner.update(|values| values.remove(&name)));
        Ok(removed.await?.is_some())
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        self.with(|inner| Ok(inner.read()?.into_keys().collect()))
            .await
    }

    fn folder(&self) -> Option<PathBuf> {
        Some(self.0.folder.clone())
    }
}

impl Inner {
    fn path(&self) -> PathBuf {
        self.folder.join("secrets.enc")
    }

    fn read(&self) -> Result<Values, SecretError> {
        match folder::read(&self.path())? {
            Some(bytes) => self.open(&bytes).map(|(values, _)| values),
            None => Ok(Values::new()),
        }
    }

    fn update<T>(&self, change: impl FnOnce(&mut Values) -> T) -> Result<T, SecretError> {
        let _lock = folder::lock(&self.folder)?;
        let (mut values, lock) = match folder::read(&self.path())? {
            Some(bytes) => self.open(&bytes)?,
            None => (Values::new(), self.new_lock()?),
        };
        let changed = change(&mut values);
        let plain: BTreeMap<_, _> = (values.iter())
            .map(|(name, value)| (name, value.expose_secret()))
            .collect();
        let plain = Zeroizing::new(serde_json::to_vec(&plain).map_err(SecretError::store)?);
        let sealed = sealed::seal(&lock, &self.key(lock)?, &plain)
            .ok_or_else(|| SecretError::store("encryption failed"))?;
        folder::replace(&self.path(), &sealed)?;
        Ok(changed)
    }

    fn open(&self, bytes: &[u8]) -> Result<(Values, Lock), SecretError> {
        let unreadable = |why| self.unreadable(why);
        let lock = sealed::lock(bytes).map_err(unreadable)?;
        let plain = sealed::open(bytes, &self.key(lock)?).map_err(unreadable)?;
        let values = serde_json::from_slice::<BTreeMap<SecretName, String>>(&plain)
            // The error would show what it could not read.
            .map_err(|_| unreadable(Unreadable::Format))?;
        let values = values.into_iter().map(|(name, value)| (name, value.into()));
        Ok((values.collect(), lock))
    }

    fn new_lock(&self) -> Result<Lock, SecretError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(SecretError::store)?;
        let kind = match self.key {
            StoreKey::KeyFile => Kind::KeyFile,
            StoreKey::Passphrase(_) => Kind::Passphrase(self.cost),
        };
        Ok(Lock { kind, salt })
    }

    fn key(&self, lock: Lock) -> Result<Key, SecretError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = &*made
            && *of == lock
        {
            return Ok(key.clone());
        }
        let key = match (lock.kind, &self.key) {
            (Kind::KeyFile, StoreKey::KeyFile) => self.key_file(&lock)?,
            (Kind::Passphrase(cost), StoreKey::Passphrase(passphrase)) => {
                sealed::stretch(passphrase.expose_secret().as_bytes(), &lock.salt, cost)
                    .ok_or_else(|| self.unreadable(Unreadable::Format))?
            }
            (Kind::KeyFile, StoreKey::Passphrase(_)) => {
                return Err(self.other_key("`secrets.key` beside it, and a passphrase was given"));
            }
            (Kind::Passphrase(_), StoreKey::KeyFile) => {
                return Err(self.other_key("a passphrase, and none was given"));
            }
        };
        *made = Some((lock, key.clone()));
        Ok(key)
    }

    fn key_file(&self, lock: &Lock) -> Result<Key, SecretError> {
        let path = self.folder.join("secrets.key");
        // A store whose key is gone must not get a new one: it would only be a wrong one.
        let is_new = !self.path().exists();
        if folder::read(&path)?.is_none() && !is_new {
            return Err(SecretError::KeyMissing { path });
        }
        let key = MacKey::read_or_make(&path).map_err(folder::failed(&path))?;
        Ok(Key::new(key.sign(&[b"portcullis-secrets", &lock.salt])))
    }

    fn other_key(&self, locked_with: &'static str) -> SecretError {
        SecretError::OtherKey {
            path: self.path(),
            locked_with,
        }
    }

    fn unreadable(&self, why: Unreadable) -> SecretError {
        let path = self.path();
        match why {
            Unreadable::WrongKey => SecretError::WrongKey { path },
            Unreadable::Changed => SecretError::Damaged {
                path,
                problem: "it was changed by something else than this program",
            },
            Unreadable::Format => SecretError::Damaged {
                path,
                problem: "it is no file of secrets of this version",
            },
        }
    }
}
