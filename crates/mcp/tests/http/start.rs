//! What a server needs before it listens, and what it speaks then.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use http::{Method, StatusCode};
use portcullis_host_agent::extension::Extensions;
use portcullis_mcp::http::{HttpError, HttpOptions, Server, TlsError, TlsFiles, TokenFile};
use portcullis_mcp::{Endpoint, EndpointOptions};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::*;

/// Why no server starts with these options.
async fn refused(options: HttpOptions) -> HttpError {
    let extensions = Arc::new(Extensions::builder().build());
    let endpoint = Endpoint::new(extensions, EndpointOptions::default());
    match Server::bind(endpoint, options).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

fn options(folder: &Path, address: &str) -> HttpOptions {
    let mut options = HttpOptions::new(TokenFile::new(folder.join("mcp")));
    options.address = address.parse().unwrap();
    options
}

fn write_key(folder: &Path) -> (TlsFiles, rustls::pki_types::CertificateDer<'static>) {
    let names = vec!["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let files = TlsFiles {
        certificates: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    };
    fs::write(&files.certificates, cert.pem()).unwrap();
    fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    (files, cert.der().clone())
}

#[tokio::test]
async fn without_a_token_that_counts_nothing_listens() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, _) = write_key(folder.path());
    for address in ["127.0.0.1:0", "192.0.2.1:0"] {
        let mut options = options(folder.path(), address);
        options.tls = Some(tls.clone());
        assert!(matches!(refused(options.clone()).await, HttpError::NoToken));
        let mut expired = terms("old");
        expired.expires = Some(past());
        let _ = options.tokens.create(expired);
        assert!(matches!(refused(options).await, HttpError::NoToken));
    }
}

#[tokio::test]
async fn without_tls_nothing_listens_where_others_could_read_along() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[::ffff:127.0.0.1]:0"] {
        let options = options(folder.path(), address);
        let _ = options.tokens.create(terms("ada"));
        let named: SocketAddr = address.parse().unwrap();
        match refused(options).await {
            HttpError::NoTls(address) => assert_eq!(address, named),
            error => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_server_on_all_addresses_has_to_know_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path(), "0.0.0.0:0");
    options.tls = Some(write_key(folder.path()).0);
    options.tokens.create(terms("ada")).unwrap();
    assert!(matches!(refused(options).await, HttpError::NoHost(_)));
}

#[tokio::test]
async fn certificates_and_keys_that_are_not_right_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = write_key(folder.path());
    let refused = async |files: &TlsFiles| {
        let mut options = options(folder.path(), "127.0.0.1:0");
        options.tls = Some(files.clone());
        let _ = options.tokens.create(terms("ada"));
        match refused(options).await {
            HttpError::Tls(error) => error,
            error => panic!("{error}"),
        }
    };
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(refused(&files).await, TlsError::OpenKey(_)));
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
    let swapped = TlsFiles {
        certificates: files.key.clone(),
        key: files.key.clone(),
    };
    assert!(matches!(
        refused(&swapped).await,
        TlsError::NoCertificate(_)
    ));
    let other = tempfile::tempdir().unwrap();
    let foreign = TlsFiles {
        key: write_key(other.path()).0.key,
        ..files.clone()
    };
    assert!(matches!(refused(&foreign).await, TlsError::Unusable(_)));
    let missing = TlsFiles {
        key: folder.path().join("none.pem"),
        ..files
    };
    assert!(matches!(refused(&missing).await, TlsError::Read { .. }));
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_speaks_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (files, certificate) = write_key(folder.path());
    let served = Served::configured(|options| options.tls = Some(files)).await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(served.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = within(connector.connect(name, stream)).await.unwrap();
    let asked = served.request().header("host", "localhost");
    let asked = asked.header("origin", "https://localhost");
    let body = initialize().to_string();
    let opened = asked.begin_over(stream, Method::POST, body).await;
    assert_eq!(opened.answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_speaks_plainly_to_a_tls_port_gets_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let (files, _) = write_key(folder.path());
    let served = Served::configured(|options| options.tls = Some(files)).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}
