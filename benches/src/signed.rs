//! Plugins that are signed, and an operator who trusts their key.

use std::fs;
use std::path::Path;

use portcullis_host_core::{Digest, PluginId, TrustFolder};
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{SecretKey, Signatures, Statement};
use wasmtime::Result;

pub(crate) struct Signer {
    key: SecretKey,
    pub(crate) trust: TrustFolder,
}

impl Signer {
    /// A key, trusted for all plugins in the trust folder at `trust`, which is made with an empty lock where there is none.
    pub(crate) fn new(trust: &Path) -> Result<Self> {
        let key = SecretKey::from_seed([7; 32]);
        let trust = TrustFolder::new(trust);
        let entry = format!(
            "[[key]]\npublic-key = \"{}\"\nplugins = [\"*\"]\n",
            key.public()
        );
        trust.edit_keys(|_| Ok::<_, portcullis_host_core::TrustError>(entry))?;
        trust.update_lock(|lock| {
            lock.get_or_insert_default();
        })?;
        Ok(Self { key, trust })
    }

    /// Puts a component with this id and version where `path` is, signed.
    pub(crate) fn write(
        &self,
        path: &Path,
        component: &[u8],
        id: &PluginId,
        version: &str,
    ) -> Result<()> {
        let manifest = format!("[plugin]\nid = \"{id}\"\nversion = \"{version}\"\n");
        let plugin = section::embed(component, &manifest)?;
        let statement = Statement {
            id: id.clone(),
            version: version.parse()?,
            digest: Digest::of(&plugin),
        };
        let mut signatures = Signatures::default();
        signatures.add(self.key.sign(&statement));
        fs::write(path.with_extension("wasm.sig"), signatures.to_string())?;
        // Under another name first, as package managers do.
        let part = path.with_extension("part");
        fs::write(&part, plugin)?;
        fs::rename(part, path)?;
        Ok(())
    }
}
