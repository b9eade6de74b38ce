//! Who a plugin is: not what it claims.

use std::fmt;
use std::str::FromStr;

use crate::text::string_serde;

/// What everything that is kept for a plugin hangs on: the key that verified it, or, unsigned, the digest of its bytes.
///
/// Written as `key:` or `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// SHA-256 of the public key that verified it.
    Key([u8; 32]),
    /// SHA-256 of the component's bytes.
    Digest([u8; 32]),
}

/// A text that is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an identity is `key:` or `sha256:` and 64 hexadecimal digits in lower case")]
pub struct IdentityError;

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Self::Key(bytes) => ("key", bytes),
            Self::Digest(bytes) => ("sha256", bytes),
        };
        write!(f, "{kind}:")?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (kind, digits) = text.split_once(':').ok_or(IdentityError)?;
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != 64 || !digits.bytes().all(plain) {
            return Err(IdentityError);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| IdentityError)?;
        }
        match kind {
            "key" => Ok(Self::Key(bytes)),
            "sha256" => Ok(Self::Digest(bytes)),
            _ => Err(IdentityError),
        }
    }
}

string_serde!(Identity);
