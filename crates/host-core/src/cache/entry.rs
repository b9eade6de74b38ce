//! The files of an entry: each is what it holds, so that code can be mapped as it is, then the authentication code over which
//! part it is, the entry's key, and what it holds.

use super::key::CacheKey;
use crate::mac::MacKey;

const MAC_BYTES: usize = 32;

/// What an entry is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Compiled code.
    Code,
    /// What the caller stored beside the code: small, and read without it.
    Notes,
}

impl Part {
    pub(super) const ALL: [Self; 2] = [Self::Code, Self::Notes];

    /// How its file's name ends.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Code => "cwasm",
            Self::Notes => "notes",
        }
    }
}

/// A file's bytes.
pub(super) fn write(part: Part, content: &[u8], key: &CacheKey, mac: &MacKey) -> Vec<u8> {
    let code = mac.sign(&[part.extension().as_bytes(), key.as_bytes(), content]);
    [content, &code].concat()
}

/// What a file holds, or none where anything about it is not as this host wrote it for this part and key.
pub(super) fn read<'a>(
    part: Part,
    bytes: &'a [u8],
    key: &CacheKey,
    mac: &MacKey,
) -> Option<&'a [u8]> {
    let (content, code) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
    mac.verify(
        &[part.extension().as_bytes(), key.as_bytes(), content],
        code,
    )
    .then_some(content)
}
