//! The gate against real servers on loopback, without a guest: what its parts do together.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis_host_policy::decision::{CapabilitySet, Grants};
use portcullis_host_policy::{Grant, Identity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::budget::Budget;
use super::exchange::Outgoing;
use super::*;
use crate::CallLimits;
use crate::access::Caller;
use crate::audit::NoAudit;
use crate::telemetry::EgressWatch;

/// One plugin with one grant.
struct Plugin {
    egress: Arc<PluginEgress>,
    access: Arc<Access>,
}

impl Plugin {
    fn new(rule: &str, roots: Roots) -> Self {
        Self::under(rule, roots, None)
    }

    fn under(rule: &str, roots: Roots, policy: Option<Arc<dyn EgressPolicy>>) -> Self {
        let grant = Grant::none().allow(rule.parse().unwrap());
        let grants = Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All);
        let identity = Identity::Digest([0; 32]);
        let access = Access::new("test".parse().unwrap(), identity, grants, Arc::new(NoAudit));
        let around = Some(Surroundings::default());
        let host = Egress::new(Arc::new(Loopback), around, roots, policy);
        let egress = PluginEgress::new(&Arc::new(host), &access, &PluginLimits::default());
        Self {
            egress: Arc::new(egress),
            access: Arc::new(access),
        }
    }

    fn outgoing(&self, budget: &Arc<Budget>) -> Outgoing {
        let caller = Caller::new(Arc::clone(&self.access), "call".into());
        Outgoing {
            watch: Arc::new(EgressWatch::begin(&caller)),
            egress: Arc::clone(&self.egress),
            caller,
            budget: Arc::clone(budget),
            options: RequestOptions::default(),
        }
    }

    async fn get(&self, url: &str) -> Result<http::Response<Bytes>, Error> {
        let request = http::Request::get(url).body(body(Full::default())).unwrap();
        self.send(request).await
    }

    async fn send(&self, request: http::Request<WasiBody>) -> Result<http::Response<Bytes>, Error> {
        let budget = Arc::new(Budget::new(CallLimits::default()));
        let response = self.outgoing(&budget).send(request).await?;
        let (head, body) = response.into_parts();
        Ok(http::Response::from_parts(
            head,
            body.collect().await?.to_bytes(),
        ))
    }
}

/// Says that every name is this machine.
struct Loopback;

#[async_trait::async_trait]
impl Resolve for Loopback {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![[127, 0, 0, 1].into()])
    }
}

fn body<B>(body: B) -> WasiBody
where
    B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    body.map_err(|never| match never {}).boxed_unsync()
}

/// Answers with what it got; counts connections.
async fn server(tls: Option<TlsAcceptor>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let tls = tls.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: http::Request<Incoming>| async {
                    let version = format!("{:?}", request.version());
                    let missing = request.uri().path() == "/missing";
                    let added = request.headers().get("x-added").cloned();
                    let body = request.into_body().collect().await?.to_bytes();
                    let mut answer = http::Response::new(Full::new(body));
                    answer
                        .headers_mut()
                        .insert("x-version", version.parse().unwrap());
                    added.and_then(|added| answer.headers_mut().insert("x-added", added));
                    if missing {
                        *answer.status_mut() = http::StatusCode::NOT_FOUND;
                    }
                    Ok::<_, hyper::Error>(answer)
                });
                match tls {
                    Some(tls) => {
                        let stream = TokioIo::new(tls.accept(stream).await.unwrap());
                        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = server.serve_connection(stream, service).await;
                    }
                    None => {
                        let server = hyper::server::conn::http1::Builder::new();
                        let _ = server.serve_connection(TokioIo::new(stream), service).await;
                    }
                }
            });
        }
    });
    (address, connections)
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request_under_its_rule() {
    let (address, connections) = server(None).await;
    let plugin = Plugin::new(&format!("http:http://{address}"), Roots::System);
    for _ in 0..3 {
        let response = plugin.get(&format!("http://{address}/a")).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn revoking_closes_what_is_open_and_denies_what_comes() {
    let (address, connections) = server(None).await;
    let plugin = Plugin::new(&format!("http:http://{address}"), Roots::System);
    let url = format!("http://{address}/a");
    plugin.get(&url).await.unwrap();
    plugin.access.revoke();
    let error = plugin.get(&url).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn http_2_is_spoken_over_tls_and_the_original_name_verified() {
    let signed = rcgen::generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (address, connections) = server(Some(TlsAcceptor::from(Arc::new(config)))).await;
    let port = address.port();
    let roots = || Roots::Given(vec![signed.cert.der().clone()]);
    let rule = |host| format!("http:GET,POST https://{host}:{port} in 127.0.0.0/8");

    let plugin = Plugin::new(&rule("api.example.com"), roots());
    for _ in 0..2 {
        let request = http::Request::post(format!("https://api.example.com:{port}/"));
        let request = request.body(body(Full::from("hello"))).unwrap();
        let response = plugin.send(request).await.unwrap();
        assert_eq!(response.headers()["x-version"], "HTTP/2.0");
        assert_eq!(response.body(), "hello");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let plugin = Plugin::new(&rule("other.example.com"), roots());
    let error = plugin
        .get(&format!("https://other.example.com:{port}/"))
        .await;
    assert!(matches!(error, Err(Error::Tls(_))), "{error:?}");
}

#[tokio::test]
async fn an_upload_whose_call_ends_is_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plugin = Plugin::new(&format!("http:POST http://{address}"), Roots::System);
    let budget = Arc::new(Budget::new(CallLimits::default()));
    let first = futures::stream::iter([Ok(http_body::Frame::data(Bytes::from("begun")))]);
    // The rest never comes.
    let stalled = body(StreamBody::new(first.chain(futures::stream::pending())));
    let request = http::Request::post(format!("http://{address}/"))
        .body(stalled)
        .unwrap();
    let sending = tokio::spawn(plugin.outgoing(&budget).send(request));
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(5).any(|part| part == b"begun") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    budget.ended.cancel();
    assert!(sending.await.unwrap().is_err());
    let mut rest = Vec::new();
    let error = stream.read_to_end(&mut rest).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn responses_without_meaning_and_upgrades_are_refused() {
    let flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100) + "HTTP/1.1 204 No Content\r\n\r\n";
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    for (answer, expected) in [(flood.as_str(), "protocol"), (upgrade, "upgrade")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = answer.to_owned();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap();
            let _ = stream.write_all(answer.as_bytes()).await;
            stream
        });
        let plugin = Plugin::new(&format!("http:http://{address}"), Roots::System);
        let error = plugin.get(&format!("http://{address}/")).await.unwrap_err();
        assert!(
            error.to_string().to_lowercase().contains(expected),
            "{error}"
        );
        drop(serving);
    }
}

/// A host's own policy, which answers by path, and asks once more for a 404.
struct ByPath(SocketAddr, AtomicUsize);

#[async_trait::async_trait]
impl EgressPolicy for ByPath {
    async fn request(&self, request: &EgressRequest<'_>) -> EgressVerdict {
        assert_eq!(request.addresses, [self.0.ip()]);
        match request.request.path() {
            "/deny" => EgressVerdict::Deny("not today".to_owned()),
            "/add" => {
                EgressVerdict::AddHeaders([(header("x-added"), value("yes"))].into_iter().collect())
            }
            "/smuggle" => EgressVerdict::AddHeaders(
                [(header("connection"), value("upgrade"))]
                    .into_iter()
                    .collect(),
            ),
            "/rewrite" => EgressVerdict::Rewrite(format!("http://{}/add", self.0)),
            "/escape" => EgressVerdict::Rewrite("http://10.0.0.1/".to_owned()),
            "/loop" => EgressVerdict::Rewrite(format!("http://{}/loop", self.0)),
            _ => EgressVerdict::Continue,
        }
    }

    async fn response(
        &self,
        _: &EgressRequest<'_>,
        status: http::StatusCode,
        _: &http::HeaderMap,
    ) -> bool {
        self.1.fetch_add(1, Ordering::SeqCst);
        status == 404
    }
}

fn header(name: &'static str) -> http::HeaderName {
    http::HeaderName::from_static(name)
}

fn value(value: &'static str) -> http::HeaderValue {
    http::HeaderValue::from_static(value)
}

#[tokio::test]
async fn an_embedders_policy_denies_adds_and_rewrites_within_the_rules() {
    let (address, _) = server(None).await;
    let policy = Arc::new(ByPath(address, AtomicUsize::new(0)));
    let rule = format!("http:http://{address}");
    let plugin = Plugin::under(&rule, Roots::System, Some(policy));
    let answer = async |path: &str| plugin.get(&format!("http://{address}{path}")).await;

    for path in ["/add", "/rewrite"] {
        assert_eq!(
            answer(path).await.unwrap().headers()["x-added"],
            "yes",
            "{path}"
        );
    }
    for path in ["/deny", "/escape", "/loop"] {
        let error = answer(path).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{path}: {error}");
    }
    let error = answer("/smuggle").await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestUriInvalid), "{error}");
}

#[tokio::test]
async fn an_embedders_policy_has_one_retry_and_none_with_a_body() {
    let (address, connections) = server(None).await;
    let policy = Arc::new(ByPath(address, AtomicUsize::new(0)));
    let rule = format!("http:GET,POST http://{address}");
    let plugin = Plugin::under(&rule, Roots::System, Some(policy.clone()));
    let url = format!("http://{address}/missing");
    assert_eq!(plugin.get(&url).await.unwrap().status(), 404);
    // The first answer was not read, so its connection could not be used again.
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    let request = http::Request::post(&url)
        .body(body(Full::from("once")))
        .unwrap();
    assert_eq!(plugin.send(request).await.unwrap().status(), 404);
    assert_eq!(policy.1.load(Ordering::SeqCst), 1);
}
