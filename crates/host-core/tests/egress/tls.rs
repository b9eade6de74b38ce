//! TLS and HTTP/2: the name that was asked for is the one that is proved.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis_host_core::CallOptions;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::server::{End, Reply, Seen, Server, serve};
use crate::support::{Setting, Way, request, stage, through_every_way, with};

/// Who signs the certificates of a test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { issuer, root }
    }

    /// A server's identity, and the protocols that it offers.
    fn server(&self, names: &[&str], protocols: &[&str], expired: bool) -> TlsAcceptor {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth();
        let mut config = config
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A server over TLS that answers every request with `hello`.
async fn secure(acceptor: TlsAcceptor) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, seen) = watch::channel(Seen::default());
    let sender = Arc::new(sender);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            sender.send_modify(|seen| seen.connections += 1);
            let (sender, acceptor) = (Arc::clone(&sender), acceptor.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    let service = service_fn(|request| hello(request, Arc::clone(&sender)));
                    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                } else {
                    serve(
                        stream,
                        &sender,
                        &(Arc::new(|_: &str| Reply::ok("hello")) as _),
                    )
                    .await;
                }
            });
        }
    });
    Server::seeing(address, seen)
}

/// Notes a request as HTTP/1.1 would have written it, or that it never became whole.
async fn hello(
    request: hyper::Request<Incoming>,
    seen: Arc<watch::Sender<Seen>>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let fields = head.headers.iter();
    let fields: String = fields
        .map(|(name, value)| format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let start = format!("{} {} HTTP/2\r\n{fields}\r\n", head.method, head.uri);
    match body.collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            let whole = format!("{start}{}", String::from_utf8_lossy(&body));
            seen.send_modify(|seen| seen.requests.push(whole));
        }
        Err(_) => seen.send_modify(|seen| {
            let unfinished = start.clone();
            seen.ends.push(End {
                unfinished,
                reset: true,
            });
        }),
    }
    Ok(hyper::Response::new(Full::from("hello")))
}

/// A plugin that may ask `api.example.com` on the server's port, which is where that name leads.
fn secured(way: Way, server: &Server, authority: &Authority) -> Setting {
    let root = authority.root.to_vec();
    stage(way)
        .allow(format!(
            "http:GET,POST https://*.example.com:{} in 127.0.0.0/8",
            server.port()
        ))
        .name("api.example.com", &["127.0.0.1"])
        .name("other.example.com", &["127.0.0.1"])
        .host(|host| host.tls_roots([root]))
}

fn url(server: &Server) -> String {
    format!("https://api.example.com:{}", server.port())
}

through_every_way! {
    async fn a_server_that_proves_its_name_is_spoken_to(way) {
        for protocols in [&["h2", "http/1.1"][..], &["http/1.1"], &[]] {
            let authority = Authority::new();
            let server = secure(authority.server(&["api.example.com"], protocols, false)).await;
            let stage = secured(way, &server, &authority).set().await;
            for _ in 0..2 {
                let told = stage.fetch(&format!("GET {}/a?b=c", url(&server))).await;
                assert_eq!(told.body(), "hello", "{protocols:?}: {told:?}");
            }
            let seen = server.seen();
            assert_eq!((seen.connections, seen.requests.len()), (1, 2), "{seen:?}");
            let start = match protocols.contains(&"h2") {
                true => format!("GET {}/a?b=c HTTP/2\r\n", url(&server)),
                false => "GET /a?b=c HTTP/1.1\r\n".to_owned(),
            };
            assert!(seen.requests[0].starts_with(&start), "{seen:?}");
        }
    }

    async fn a_server_that_does_not_prove_its_name_is_told_nothing(way) {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let identities = [
            authority.server(&["evil.example.com"], &["h2"], false),
            authority.server(&["127.0.0.1"], &["h2"], false),
            authority.server(&["example.com"], &["http/1.1"], false),
            authority.server(&["api.example.com"], &["http/1.1"], true),
            stranger.server(&["api.example.com"], &["http/1.1"], false),
        ];
        for identity in identities {
            let server = secure(identity).await;
            let stage = secured(way, &server, &authority).set().await;
            let told = stage.fetch(&format!("GET {}/", url(&server))).await;
            assert_ne!(told.code(), "ok", "{told:?}");
            assert!(server.seen().requests.is_empty());
            stage.is_well().await;
        }
    }

    async fn a_server_without_tls_is_told_nothing(way) {
        let authority = Authority::new();
        let server = Server::hello().await;
        let stage = secured(way, &server, &authority)
            .limits(|limits| limits.connect_time = Some(std::time::Duration::from_millis(500)))
            .set()
            .await;
        let told = stage.fetch(&format!("GET {}/", url(&server))).await;
        assert_ne!(told.code(), "ok", "{told:?}");
        let seen = server.wait(|seen| seen.ends.len() == 1).await;
        assert!(seen.requests.is_empty() && !seen.ends[0].unfinished.contains("GET"), "{seen:?}");
    }

    async fn a_secret_goes_to_a_name_that_is_proved(way) {
        for protocol in ["h2", "http/1.1"] {
            let authority = Authority::new();
            let server = secure(authority.server(&["api.example.com"], &[protocol], false)).await;
            let to = format!("{}/v1/*", url(&server));
            let stage = secured(way, &server, &authority).secret("API_KEY", "a-secret-of-some-length", &to, "bearer");
            let stage = stage.set().await;
            for path in ["/v1/a", "/v2/a"] {
                stage.fetch(&format!("GET {}{path}", url(&server))).await;
            }
            let seen = server.seen().requests;
            assert!(seen[0].contains("authorization: Bearer a-secret-of-some-length\r\n"), "{seen:?}");
            assert!(!seen[1].contains("authorization"), "{seen:?}");
        }
    }

    async fn a_certificate_for_two_names_does_not_join_their_connections(way) {
        let authority = Authority::new();
        let server = secure(authority.server(&["*.example.com"], &["h2"], false)).await;
        let stage = secured(way, &server, &authority).set().await;
        for name in ["api", "other"] {
            let told = stage.fetch(&format!("GET https://{name}.example.com:{}/", server.port())).await;
            assert_eq!(told.body(), "hello", "{told:?}");
        }
        assert_eq!(server.seen().connections, 2);
    }

    async fn requests_at_once_share_one_http_2_connection_of_their_rule(way) {
        let authority = Authority::new();
        let server = secure(authority.server(&["api.example.com"], &["h2"], false)).await;
        let stage = secured(way, &server, &authority).set().await;
        stage.fetch(&format!("GET {}/", url(&server))).await;
        let storm = json!({ "request": request(&format!("GET {}/", url(&server))), "times": 8, "at_once": 8 });
        assert_eq!(stage.ask("storm", storm).await.unwrap(), json!({ "ok": 8 }));
        assert_eq!(server.seen().connections, 1);
    }

    async fn an_upload_over_http_2_that_is_left_is_reset(way) {
        let authority = Authority::new();
        let server = secure(authority.server(&["api.example.com"], &["h2"], false)).await;
        let stage = secured(way, &server, &authority).set().await;
        let asked = with(request(&format!("POST {}/", url(&server))), "fill", 100_000);
        let options = CallOptions {
            timeout: Some(std::time::Duration::from_secs(3)),
            ..CallOptions::default()
        };
        let arguments = json!({ "request": asked, "then": "wait" });
        stage.plugin.call("abandon", arguments, options).await.unwrap_err();
        let seen = server.wait(|seen| seen.ends.len() == 1).await;
        assert!(seen.requests.is_empty(), "{seen:?}");
        stage.is_well().await;
    }
}
