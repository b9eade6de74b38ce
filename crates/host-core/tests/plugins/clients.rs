//! Clients of all kinds – the SDK's on both versions of wasi:http, `wstd` on 0.2, 0.3 itself – through the gate to a server
//! on loopback.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{StreamExt, stream};
use http::{HeaderMap, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use portcullis_host_core::{Error, Grant, Host, Plugin};
use portcullis_test_artifacts::{PLUGIN_HELLO, WELL_HTTP};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::{ask, builder, fail};

/// Each test for one guest.
macro_rules! through {
    ($guest:ident, $path:ident: $($test:ident),+ $(,)?) => {
        mod $guest {
            $(#[tokio::test]
            async fn $test() {
                super::$test(portcullis_test_artifacts::$path).await;
            })+
        }
    };
}

through!(
    well_http, WELL_HTTP:
    a_request_goes_out_and_its_answer_comes_back,
    a_request_that_nobody_allowed_ends_the_call_as_denied,
    a_body_of_known_length_says_it,
    a_compressed_body_is_decompressed_by_the_plugin,
    a_large_body_streams_through,
    a_large_body_is_not_kept_by_accident,
    a_redirect_is_followed_where_the_grant_goes,
    an_upload_streams_and_one_that_breaks_off_is_not_taken_for_whole,
    requests_wait_together,
);
through!(
    well_http_sync, WELL_HTTP_SYNC:
    a_request_goes_out_and_its_answer_comes_back,
    a_request_that_nobody_allowed_ends_the_call_as_denied,
    a_body_of_known_length_says_it,
    a_compressed_body_is_decompressed_by_the_plugin,
    a_large_body_streams_through,
    a_large_body_is_not_kept_by_accident,
    a_redirect_is_followed_where_the_grant_goes,
    an_upload_streams_and_one_that_breaks_off_is_not_taken_for_whole,
    requests_wait_together,
);
through!(
    well_http3, WELL_HTTP3:
    a_request_goes_out_and_its_answer_comes_back,
    a_request_that_nobody_allowed_gets_wasis_code,
);
through!(
    well_wstd, WELL_WSTD:
    a_request_goes_out_and_its_answer_comes_back,
    a_request_that_nobody_allowed_gets_wasis_code,
);

const MEBIBYTE: usize = 1 << 20;

/// How an upload ended, as the server saw it: its bytes, or that it broke off.
type Uploads = Arc<Mutex<Vec<Option<usize>>>>;

struct Server {
    address: SocketAddr,
    uploads: Uploads,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let uploads = Uploads::default();
        let seen = Arc::clone(&uploads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                let service = service_fn(move |request| answer(request, Arc::clone(&seen)));
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, uploads }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A plugin that may ask this server.
    async fn client(&self, guest: &str) -> Plugin {
        let rule = format!("http:GET,POST {}", self.url("/*"));
        let host = host();
        let grant = Grant::none().allow(rule.parse().unwrap());
        host.load(guest, grant).await.unwrap()
    }
}

fn host() -> Host {
    builder().network(true).build().unwrap()
}

async fn answer(
    request: Request<Incoming>,
    uploads: Uploads,
) -> Result<Response<BoxBody<Bytes, Infallible>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let method = request.method().to_string();
    let hello = text(request.headers(), "x-hello");
    let length = text(request.headers(), "content-length");
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            uploads.lock().unwrap().push(None);
            return Err(error);
        }
    };
    uploads.lock().unwrap().push(Some(body.len()));
    let answer = Response::builder().header("x-server", "loopback");
    let (answer, body) = match path.as_str() {
        "/gzip" => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
            gzip.write_all(&vec![b'z'; MEBIBYTE]).unwrap();
            let body = full(gzip.finish().unwrap());
            (answer.header(header::CONTENT_ENCODING, "gzip"), body)
        }
        "/large" => {
            let piece = Bytes::from(vec![0; MEBIBYTE]);
            let pieces = stream::iter(vec![piece; 64]).map(|piece| Ok(Frame::data(piece)));
            (answer, BodyExt::boxed(StreamBody::new(pieces)))
        }
        "/moved" => (redirect(answer, "/echo"), full("")),
        "/away" => (redirect(answer, "http://169.254.169.254/latest"), full("")),
        _ => {
            let body = String::from_utf8_lossy(&body);
            let echo = json!({ "method": method, "hello": hello, "length": length, "body": body });
            (answer, full(echo.to_string()))
        }
    };
    Ok(answer.body(body).unwrap())
}

fn redirect(answer: http::response::Builder, to: &str) -> http::response::Builder {
    answer.status(302).header(header::LOCATION, to)
}

fn full(body: impl Into<Bytes>) -> BoxBody<Bytes, Infallible> {
    Full::new(body.into()).boxed()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().unwrap().to_owned())
}

async fn a_request_goes_out_and_its_answer_comes_back(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let request = json!({
        "method": "POST", "url": server.url("/echo?a=b"), "headers": [["x-hello", "there"]], "body": "a body",
    });
    let answer = ask(&client, "fetch", request).await;
    assert_eq!(answer["status"], 200);
    assert!(
        answer["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["x-server", "loopback"])),
        "{answer}"
    );
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["hello"], "there");
    assert_eq!(echo["body"], "a body");
}

async fn a_request_that_nobody_allowed_gets_wasis_code(guest: &str) {
    let server = Server::start().await;
    let client = host().load(guest, Grant::none()).await.unwrap();
    let request = json!({ "method": "GET", "url": server.url("/echo") });
    let error = fail(&client, "fetch", request).await;
    let told = error.to_string();
    // wstd tells what it meets first: the refusal, or that nobody takes the request's body.
    let refused = ["HttpRequestDenied", "connection reset"];
    assert!(refused.iter().any(|text| told.contains(text)), "{told}");
    assert!(server.uploads.lock().unwrap().is_empty());
}

async fn a_request_that_nobody_allowed_ends_the_call_as_denied(guest: &str) {
    let server = Server::start().await;
    let client = host().load(guest, Grant::none()).await.unwrap();
    let request = json!({ "method": "GET", "url": server.url("/echo") });
    let error = fail(&client, "fetch", request).await;
    let Error::Denied { denials, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(denials.len(), 1);
    assert!(server.uploads.lock().unwrap().is_empty());
}

async fn a_body_of_known_length_says_it(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let request = json!({ "method": "POST", "url": server.url("/echo"), "body": "four" });
    let answer = ask(&client, "fetch", request).await;
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(echo["length"], "4");
}

async fn a_compressed_body_is_decompressed_by_the_plugin(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let bytes = ask(&client, "download", json!({ "url": server.url("/gzip") })).await;
    assert_eq!(bytes, MEBIBYTE);
}

async fn a_large_body_streams_through(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let bytes = ask(&client, "download", json!({ "url": server.url("/large") })).await;
    assert_eq!(bytes, 64 * MEBIBYTE);
}

async fn a_large_body_is_not_kept_by_accident(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let request = json!({ "method": "GET", "url": server.url("/large") });
    let error = fail(&client, "fetch", request).await;
    assert!(error.to_string().contains("too-large"), "{error}");
}

async fn a_redirect_is_followed_where_the_grant_goes(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let request = json!({ "method": "GET", "url": server.url("/moved") });
    assert_eq!(ask(&client, "fetch", request.clone()).await["status"], 200);
    assert_eq!(ask(&client, "fetch_once", request).await["status"], 302);
    let request = json!({ "method": "GET", "url": server.url("/away") });
    let error = fail(&client, "fetch", request).await;
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
}

async fn an_upload_streams_and_one_that_breaks_off_is_not_taken_for_whole(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let upload = json!({ "url": server.url("/echo"), "pieces": 32, "piece_bytes": 10_000 });
    assert_eq!(ask(&client, "upload", upload).await["status"], 200);
    assert_eq!(server.uploads.lock().unwrap()[..], [Some(320_000)]);

    let broken = json!({
        "url": server.url("/echo"), "pieces": 32, "piece_bytes": 10_000, "fails": true,
    });
    let error = fail(&client, "upload", broken).await;
    assert!(error.to_string().contains("ran dry"), "{error}");
    assert!(!server.uploads.lock().unwrap()[1..].contains(&Some(310_000)));
}

async fn requests_wait_together(guest: &str) {
    let server = Server::start().await;
    let client = server.client(guest).await;
    let request = json!({ "url": server.url("/echo"), "times": 8 });
    let statuses = ask(&client, "together", request).await;
    assert_eq!(statuses, json!(vec!["200"; 8]));
}

#[test]
fn a_plugin_imports_what_it_uses_and_no_more() {
    let names = |path: &str, name: &str| {
        let component = std::fs::read(path).unwrap();
        component
            .windows(name.len())
            .any(|bytes| bytes == name.as_bytes())
    };
    assert!(names(WELL_HTTP, "wasi:http/client@0.3"));
    for name in [
        "wasi:http",
        "portcullis:host/state",
        "portcullis:host/secrets",
    ] {
        assert!(!names(PLUGIN_HELLO, name), "{name}");
    }
}
