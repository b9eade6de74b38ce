//! TLS as a client, by rustls: the original name is verified, whatever address was dialled.

use std::io;
use std::sync::Arc;

use portcullis_host_policy::request::Host;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// Whose certificates are believed.
pub(crate) enum Roots {
    /// Those of the system.
    System,
    /// These alone.
    Given(Vec<CertificateDer<'static>>),
}

/// The host's client configuration, made when the first connection needs it: reading the system's roots takes a while.
pub(super) struct Tls {
    roots: Arc<Roots>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    pub(super) fn new(roots: Roots) -> Self {
        Self {
            roots: Arc::new(roots),
            connector: OnceCell::new(),
        }
    }

    /// The connector.
    ///
    /// # Errors
    /// Where there is no usable root.
    pub(super) async fn connector(&self) -> io::Result<&TlsConnector> {
        let make = || async {
            let roots = Arc::clone(&self.roots);
            let made = tokio::task::spawn_blocking(move || connector(&roots));
            made.await.map_err(io::Error::other)?
        };
        self.connector.get_or_try_init(make).await
    }
}

fn connector(roots: &Roots) -> io::Result<TlsConnector> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::Given(given) => {
            for root in given {
                store.add(root.clone()).map_err(io::Error::other)?;
            }
        }
        Roots::System => {
            let loaded = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(loaded.certs);
            if store.is_empty() {
                return Err(io::Error::other(format!(
                    "the system has no root certificates ({:?}); install its package ca-certificates, or name a file in SSL_CERT_FILE",
                    loaded.errors
                )));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A resumed session would tell a server that two plugins are on one host.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name that a certificate has to be for.
///
/// # Errors
/// Where the host can't be in a certificate.
pub(super) fn server_name(host: &Host) -> io::Result<ServerName<'static>> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.to_string()).map_err(io::Error::other),
    }
}
