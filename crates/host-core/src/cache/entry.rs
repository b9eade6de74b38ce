//! One entry: compiled code first, so that the file can be mapped as it is; then the caller's notes, their length and the
//! authentication code over key, code and notes.

use super::key::CacheKey;
use crate::mac::MacKey;

pub(super) const EXTENSION: &str = "cwasm";

const MAC_BYTES: usize = 32;
const LENGTH_BYTES: usize = 8;

/// An entry whose authentication code was right.
pub(super) struct Verified<'a> {
    pub(super) code: &'a [u8],
    pub(super) notes: &'a [u8],
}

pub(super) fn write(code: &[u8], notes: &[u8], key: &CacheKey, mac: &MacKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(code.len() + notes.len() + LENGTH_BYTES + MAC_BYTES);
    bytes.extend_from_slice(code);
    bytes.extend_from_slice(notes);
    bytes.extend_from_slice(&(notes.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&mac.sign(&[key.as_bytes(), code, notes]));
    bytes
}

/// The entry in `bytes`, or none where anything about it is not as this host wrote it for this key.
pub(super) fn read<'a>(bytes: &'a [u8], key: &CacheKey, mac: &MacKey) -> Option<Verified<'a>> {
    let (rest, code_of_mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
    let (rest, length) = rest.split_at_checked(rest.len().checked_sub(LENGTH_BYTES)?)?;
    let notes_length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (code, notes) = rest.split_at_checked(rest.len().checked_sub(notes_length)?)?;
    mac.verify(&[key.as_bytes(), code, notes], code_of_mac)
        .then_some(Verified { code, notes })
}
