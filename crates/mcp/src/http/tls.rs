//! TLS as a server, by rustls with ring, as everywhere.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where certificate and key are, in PEM. They are read when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to its root.
    pub certificates: PathBuf,
    /// Its private key, which others must not be able to read.
    pub key: PathBuf,
}

/// Why certificate or key can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system, or the format, said.
        source: pem::Error,
    },
    /// There is no certificate in its file.
    #[error("{} holds no certificate: it has to be in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// Anybody on this machine can read the key.
    #[error("{} can be read by anybody on this machine: chmod 600 it", .0.display())]
    OpenKey(PathBuf),
    /// They don't go together, or are of a kind that is not taken.
    #[error("certificate and key can't be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl TlsFiles {
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let read = |path: &PathBuf, source| TlsError::Read {
            path: path.clone(),
            source,
        };
        let certificates = CertificateDer::pem_file_iter(&self.certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| read(&self.certificates, source))?;
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate(self.certificates.clone()));
        }
        let open = is_open(&self.key).map_err(|error| read(&self.key, pem::Error::Io(error)))?;
        if open {
            return Err(TlsError::OpenKey(self.key.clone()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let key = key.map_err(|source| read(&self.key, source))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// Whether everybody can read a file. A group may: that is how keys are shared with a server on many systems.
#[cfg(unix)]
fn is_open(path: &PathBuf) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(path)?.mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &PathBuf) -> io::Result<bool> {
    Ok(false)
}
