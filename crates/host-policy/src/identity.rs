//! Who a plugin is: not what it claims.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::text::{self, string_serde};
use crate::trust::KeyId;
use crate::{Digest, PluginId};

/// What everything that is kept for a plugin hangs on: its id and the key that verified it together, or, unsigned, the digest of
/// its bytes.
///
/// Written as `signed:` or `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// SHA-256 over its id and the id of the key that verified it: stays the same over the versions that this key signs.
    Signed([u8; 32]),
    /// SHA-256 of the component's bytes.
    Digest([u8; 32]),
}

/// A text that is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity is `signed:` or `sha256:` and 64 hexadecimal digits in lower case")]
pub struct IdentityError;

impl Identity {
    /// The identity of the plugin `id` as `key` signs it.
    pub fn signed(id: &PluginId, key: &KeyId) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"portcullis-identity-v1");
        hash.update((id.as_str().len() as u64).to_be_bytes());
        hash.update(id.as_str());
        hash.update(key.as_bytes());
        Self::Signed(hash.finalize().into())
    }

    /// What is kept for this plugin on behalf of one principal hangs on this, apart from everybody else's.
    pub fn on_behalf_of(&self, principal: &str) -> Self {
        let (kind, bytes): (u8, _) = match self {
            Self::Signed(bytes) => (1, bytes),
            Self::Digest(bytes) => (2, bytes),
        };
        let mut hash = Sha256::new();
        hash.update(b"portcullis-principal-v1");
        hash.update([kind]);
        hash.update(bytes);
        hash.update(principal);
        let hash = hash.finalize().into();
        match self {
            Self::Signed(_) => Self::Signed(hash),
            Self::Digest(_) => Self::Digest(hash),
        }
    }
}

impl From<Digest> for Identity {
    fn from(digest: Digest) -> Self {
        Self::Digest(*digest.as_bytes())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Self::Signed(bytes) => ("signed", bytes),
            Self::Digest(bytes) => ("sha256", bytes),
        };
        write!(f, "{kind}:")?;
        text::write_hex(f, bytes)
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (kind, digits) = text.split_once(':').ok_or(IdentityError)?;
        let bytes = text::read_hex(digits).ok_or(IdentityError)?;
        match kind {
            "signed" => Ok(Self::Signed(bytes)),
            "sha256" => Ok(Self::Digest(bytes)),
            _ => Err(IdentityError),
        }
    }
}

string_serde!(Identity);
