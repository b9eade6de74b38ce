//! What an entry is found by.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use crate::Digest;

/// Changes whenever the shape of an entry or of what is stored in it does.
const FORMAT: &[u8] = b"portcullis-cache-3";

/// Names a component compiled for one engine configuration of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    pub(crate) fn new(digest: &Digest, engine: &Engine) -> Self {
        let mut engine_hash = DefaultHasher::new();
        // Covers the compiler's settings, the host's processor features and wasmtime's version.
        engine
            .precompile_compatibility_hash()
            .hash(&mut engine_hash);
        let mut key = Sha256::new();
        key.update(FORMAT);
        key.update(env!("CARGO_PKG_VERSION"));
        key.update(digest.as_bytes());
        key.update(engine_hash.finish().to_le_bytes());
        Self(key.finalize().into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
