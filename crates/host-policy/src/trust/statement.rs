//! What is signed.

use semver::Version;

use crate::{Digest, PluginId};

/// The name of this scheme: a signature over anything that does not start with it is none of a plugin.
const DOMAIN: &[u8] = b"portcullis-signature-v1";

/// That these bytes are this version of this plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The plugin.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// The SHA-256 of the whole component, manifest included.
    pub digest: Digest,
}

impl Statement {
    /// The bytes that are signed: each part preceded by its length as eight bytes, the most significant first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let version = self.version.to_string();
        let parts = [
            DOMAIN,
            self.id.as_str().as_bytes(),
            version.as_bytes(),
            self.digest.as_bytes(),
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}
