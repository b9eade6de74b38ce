//! Keys: Ed25519, with one encoding for each.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::{Signature, Statement};
use crate::text::{self, string_serde};

/// SHA-256 of a public key: what a key is called in signatures, locks and records. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_hex(f, &self.0)
    }
}

/// A text that is no public key or key id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not written like one.
    #[error("a public key is `ed25519:` and 32 bytes in base64, as `portcullis keygen` prints it")]
    Form,
    /// Not written like a key id.
    #[error("a key id is 64 hexadecimal digits in lower case")]
    Id,
    /// No point of the curve, or not in the one encoding that it has.
    #[error("these bytes are no Ed25519 public key in its canonical encoding")]
    NotAPoint,
    /// One of the few points for which anybody can make signatures.
    #[error("this key is weak (of small order): anybody could sign with it")]
    Weak,
}

impl FromStr for KeyId {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        text::read_hex(text).map(Self).ok_or(PublicKeyError::Id)
    }
}

/// A public key that can be trusted to stand for one secret key: a point in its canonical encoding, and not a weak one.
///
/// Written as `ed25519:` and base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// A key of its 32 bytes.
    ///
    /// # Errors
    /// [`PublicKeyError::NotAPoint`] and [`PublicKeyError::Weak`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PublicKeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeyError::NotAPoint)?;
        // The library takes some points in a second encoding, and one key must not have two ids.
        if VerifyingKey::from(key.to_edwards()).as_bytes() != bytes {
            return Err(PublicKeyError::NotAPoint);
        }
        if key.is_weak() {
            return Err(PublicKeyError::Weak);
        }
        Ok(Self(key))
    }

    /// What it is called.
    pub fn id(&self) -> KeyId {
        KeyId(Sha256::digest(self.0.as_bytes()).into())
    }

    /// Whether `signature` is this key's on `statement`; strict, as RFC 8032 allows to be, so that no signature has a second form.
    pub fn verifies(&self, statement: &Statement, signature: &Signature) -> bool {
        let signed = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        signature.key == self.id() && self.0.verify_strict(&statement.to_bytes(), &signed).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let encoded = text.strip_prefix("ed25519:").ok_or(PublicKeyError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| PublicKeyError::Form)?;
        let bytes = bytes.try_into().map_err(|_| PublicKeyError::Form)?;
        Self::from_bytes(&bytes)
    }
}

string_serde!(KeyId PublicKey);

/// A secret key. It can't be printed, and is wiped when it is dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of 32 random bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs.
    pub fn sign(&self, statement: &Statement) -> Signature {
        Signature {
            key: self.public().id(),
            bytes: self.0.sign(&statement.to_bytes()).to_bytes(),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// For files that keep keys (PKCS #8).
impl From<SigningKey> for SecretKey {
    fn from(key: SigningKey) -> Self {
        Self(key)
    }
}

impl AsRef<SigningKey> for SecretKey {
    fn as_ref(&self) -> &SigningKey {
        &self.0
    }
}
