//! The format of the file of secrets: a header in the clear, and everything else sealed.
//!
//! | bytes | |
//! | --- | --- |
//! | 19 | `portcullis-secrets`, version 1 |
//! | 13 | kind of key: 0 a key file, 1 a passphrase; Argon2id's memory in KiB, passes and lanes (zeros for a key file) |
//! | 16 | salt, made anew with each key |
//! | 16 | check of the key: tells a wrong key from a damaged file |
//! | 24 | nonce, made anew with each write |
//! | … | XChaCha20-Poly1305 over names and values as JSON, bound to the header |

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const MAGIC: &[u8; 19] = b"portcullis-secrets\x01";
const SALT: usize = 16;
const CHECK: usize = 16;
const NONCE: usize = 24;
const HEADER: usize = MAGIC.len() + 13 + SALT + CHECK + NONCE;

/// Most memory that a header can make a reader take, in KiB; a damaged file must not take the machine's.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// Most passes, for the same reason.
const MAX_PASSES: u32 = 64;
/// Most lanes, for the same reason.
const MAX_LANES: u32 = 16;

/// How much work it is to try a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    /// RFC 9106, 4: the second recommended choice, for machines with less memory, on one thread.
    pub(super) const DEFAULT: Self = Self {
        memory_kib: 64 << 10,
        passes: 3,
        lanes: 1,
    };
}

/// What kind of key a file is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    KeyFile,
    Passphrase(Cost),
}

/// The start of a file: what is needed to make its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) kind: Kind,
    pub(super) salt: [u8; SALT],
}

/// A key, from passphrase or key file and a file's salt.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Why a file can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Not this format, or not this version.
    Format,
    /// The right key does not open it: it was changed.
    Changed,
    /// Another key was used.
    WrongKey,
}

/// Makes the key of a passphrase.
pub(super) fn stretch(passphrase: &[u8], salt: &[u8], cost: Cost) -> Option<Key> {
    let params = argon2::Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Key::default();
    argon2
        .hash_password_into(passphrase, salt, &mut *key)
        .ok()?;
    Some(key)
}

/// Reads the start of a file.
pub(super) fn lock(file: &[u8]) -> Result<Lock, Unreadable> {
    let rest = file.strip_prefix(MAGIC).ok_or(Unreadable::Format)?;
    let (head, rest) = rest.split_at_checked(13).ok_or(Unreadable::Format)?;
    let salt = rest.first_chunk::<SALT>().ok_or(Unreadable::Format)?;
    let number = |at: usize| {
        head[at..]
            .first_chunk()
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    let cost = Cost {
        memory_kib: number(1),
        passes: number(5),
        lanes: number(9),
    };
    let bearable =
        cost.memory_kib <= MAX_MEMORY_KIB && cost.passes <= MAX_PASSES && cost.lanes <= MAX_LANES;
    let kind = match head[0] {
        0 => Kind::KeyFile,
        1 if bearable => Kind::Passphrase(cost),
        _ => return Err(Unreadable::Format),
    };
    Ok(Lock { kind, salt: *salt })
}

/// Seals `plain`.
pub(super) fn seal(lock: &Lock, key: &Key, plain: &[u8]) -> Option<Vec<u8>> {
    let cost = match lock.kind {
        Kind::KeyFile => [0; 13],
        Kind::Passphrase(cost) => {
            let mut bytes = [1; 13];
            let numbers = [cost.memory_kib, cost.passes, cost.lanes];
            for (place, number) in bytes[1..].chunks_mut(4).zip(numbers) {
                place.copy_from_slice(&number.to_le_bytes());
            }
            bytes
        }
    };
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).ok()?;
    let check = derived(key, b"check");
    let header = [MAGIC, &cost[..], &lock.salt, &check[..CHECK], &nonce].concat();
    let payload = Payload {
        msg: plain,
        aad: &header,
    };
    let sealed = cipher(key).encrypt(XNonce::from_slice(&nonce), payload);
    Some([header, sealed.ok()?].concat())
}

/// Opens what was sealed.
pub(super) fn open(file: &[u8], key: &Key) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let (header, sealed) = file.split_at_checked(HEADER).ok_or(Unreadable::Format)?;
    let (head, nonce) = header.split_at(HEADER - NONCE);
    if !head.ends_with(&derived(key, b"check")[..CHECK]) {
        return Err(Unreadable::WrongKey);
    }
    let payload = Payload {
        msg: sealed,
        aad: header,
    };
    let plain = cipher(key).decrypt(XNonce::from_slice(nonce), payload);
    plain.map(Zeroizing::new).map_err(|_| Unreadable::Changed)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*derived(key, b"seal")).into())
}

/// A key of its own for each use.
fn derived(key: &Key, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let hash = Sha256::new()
        .chain_update(b"portcullis-secrets ")
        .chain_update(purpose)
        .chain_update(**key);
    Zeroizing::new(hash.finalize().into())
}
