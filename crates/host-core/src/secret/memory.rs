//! Secrets in memory: for tests, and for programs that have theirs from elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;

use super::{SecretError, SecretName, SecretStore, check_value};

/// Secrets that end with the program.
#[derive(Debug, Default)]
pub struct MemorySecrets(Mutex<BTreeMap<SecretName, SecretString>>);

impl MemorySecrets {
    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SecretName, SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SecretStore for MemorySecrets {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        Ok(self.lock().get(name).cloned())
    }

    async fn set(&self, name: &SecretName, value: SecretString) -> Result<(), SecretError> {
        check_value(name, &value)?;
        self.lock().insert(name.clone(), value);
        Ok(())
    }

    async fn remove(&self, name: &SecretName) -> Result<bool, SecretError> {
        Ok(self.lock().remove(name).is_some())
    }

    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        Ok(self.lock().keys().cloned().collect())
    }
}
