//! Secrets that the host makes for itself: what entries of the cache are authenticated with, what digests in the audit trail
//! are keyed by.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret of this host's, made on first use; it never leaves its folder.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    const BYTES: usize = 32;

    /// The key in `path`, or a new one where there is none.
    ///
    /// # Errors
    /// When the file can't be read or made.
    pub(crate) fn read_or_make(path: &Path) -> io::Result<Self> {
        match Self::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::make(path)?;
                // Another process may have been first: its key is the one that counts.
                Self::read(path)
            }
            read => read,
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        crate::private::open_private(path)?
            .take(Self::BYTES as u64 + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() != Self::BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is damaged: remove it", path.display()),
            ));
        }
        Ok(Self(
            Hmac::new_from_slice(&bytes).map_err(io::Error::other)?,
        ))
    }

    fn make(path: &Path) -> io::Result<()> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_data()?;
        match file.persist_noclobber(path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => Ok(()),
        }
    }

    /// A code over `parts`, each preceded by its length.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Whether `code` is that of `parts`; takes as long for a wrong code as for a right one.
    pub(crate) fn verify(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.over(parts).verify_slice(code).is_ok()
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}
