//! Signed plugins in folders, and loads that look at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_host_core::{Digest, Error, Host, LoadOptions, Plugin, Trust};
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{
    SecretKey, Signature, Signatures, Statement, TrustMode, TrustedKey, TrustedKeys,
};
use portcullis_test_artifacts::WELL_GREET;
use tempfile::TempDir;

pub(crate) const ID: &str = "org.example.greet";

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// An entry of trusted_keys.toml.
pub(crate) fn trusted(key: &SecretKey, plugins: &str) -> TrustedKey {
    TrustedKey {
        public: key.public(),
        owner: "Example".into(),
        plugins: vec![plugins.parse().unwrap()],
        not_before: None,
        not_after: None,
        revoked: false,
    }
}

pub(crate) fn trust_in(keys: Vec<TrustedKey>) -> Trust {
    let policies = Vec::new();
    Trust {
        mode: TrustMode::Required,
        keys: Arc::new(TrustedKeys { keys, policies }),
        lock: Arc::default(),
    }
}

/// Trust in key 1 for all of org.example.
pub(crate) fn trust() -> Trust {
    trust_in(vec![trusted(&key(1), "org.example.*")])
}

pub(crate) fn manifest(id: &str, version: &str) -> String {
    format!("[plugin]\nid = \"{id}\"\nversion = \"{version}\"\n")
}

pub(crate) fn component(id: &str, version: &str) -> Vec<u8> {
    section::embed(&fs::read(WELL_GREET).unwrap(), &manifest(id, version)).unwrap()
}

pub(crate) fn statement(bytes: &[u8], id: &str, version: &str) -> Statement {
    Statement {
        id: id.parse().unwrap(),
        version: version.parse().unwrap(),
        digest: Digest::of(bytes),
    }
}

/// A folder with `plugin.wasm` in it.
pub(crate) struct Placed {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Placed {
    /// These bytes, with these signatures.
    pub(crate) fn new(bytes: &[u8], signed: &[Signature]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.wasm");
        fs::write(&path, bytes).unwrap();
        let mut signatures = Signatures::default();
        signed.iter().for_each(|one| signatures.add(one.clone()));
        fs::write(path.with_extension("wasm.sig"), signatures.to_string()).unwrap();
        Self { folder, path }
    }

    /// The guest as this version of org.example.greet, signed by these keys.
    pub(crate) fn signed(version: &str, keys: &[&SecretKey]) -> Self {
        let bytes = component(ID, version);
        let statement = statement(&bytes, ID, version);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&statement)).collect();
        Self::new(&bytes, &signatures)
    }

    pub(crate) fn sig(&self) -> PathBuf {
        self.path.with_extension("wasm.sig")
    }
}

/// Loads a file by `trust`, and sees that nothing is compiled where it is refused.
pub(crate) async fn load_by(host: &Host, path: &Path, trust: Trust) -> Result<Plugin, Error> {
    let compiled = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&compiled);
    let before = host.stats();
    let options = LoadOptions {
        trust: Some(trust),
        on_compile: Some(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..LoadOptions::default()
    };
    let loaded = host.load_with(path, options).await;
    if loaded.is_err() {
        let after = host.stats();
        assert_eq!(compiled.load(Ordering::Relaxed), 0);
        assert_eq!(
            (before.cache_hits, before.cache_misses),
            (after.cache_hits, after.cache_misses)
        );
    }
    loaded
}
