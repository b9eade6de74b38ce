//! Secrets: added where they are bound, and neither given back nor carried away.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use portcullis_host_core::DenyCode;
use serde_json::json;

use crate::server::{Reply, Server};
use crate::support::{Setting, Way, request, send, stage, through_every_way, with};

const VALUE: &str = "s3cr3t-value/with+signs=0123456789";

fn url(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port())
}

/// A plugin with a secret bound to one path of a server, and leave to ask for others.
fn bound(way: Way, server: &Server, placement: &str) -> Setting {
    stage(way)
        .allow(format!("http:GET,POST {}", url(server)))
        .secret(
            "API_KEY",
            VALUE,
            &format!("GET,POST {}/v1/*", url(server)),
            placement,
        )
}

fn percent_encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The ways in which a value can be written that are looked for.
fn written(value: &str) -> Vec<String> {
    let mixed = value
        .replace('/', "%2F")
        .replace('=', "%3d")
        .replace('+', "%2b");
    let encoded = ["", "x", "xx"].map(|before| BASE64_STANDARD.encode(format!("{before}{value}!")));
    let url_safe =
        ["", "x", "xx"].map(|before| BASE64_URL_SAFE_NO_PAD.encode(format!("{before}{value}!")));
    [value.to_owned(), percent_encoded(value), mixed]
        .into_iter()
        .chain(encoded)
        .chain(url_safe)
        .collect()
}

/// Pieces of a few bytes each.
fn split(text: &str) -> Vec<String> {
    let bytes = text.as_bytes().chunks(5);
    bytes
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect()
}

through_every_way! {
    async fn a_secret_is_added_where_it_is_bound_and_nowhere_else(way) {
        let server = Server::hello().await;
        let stage = bound(way, &server, "bearer").set().await;
        let told = stage.fetch(&format!("GET {}/v1/a", url(&server))).await;
        assert_eq!(told.body(), "hello", "{told:?}");
        assert!(!told.text().contains(VALUE));
        let seen = server.seen().requests.concat();
        assert!(seen.contains(&format!("authorization: Bearer {VALUE}\r\n")), "{seen}");

        // Another path of the bound origin, and another origin.
        stage.fetch(&format!("GET {}/v2/a", url(&server))).await;
        stage.fetch(&format!("GET {}/", url(&server))).await;
        let others = server.seen().requests[1..].concat();
        assert!(!others.contains("authorization") && !others.contains(VALUE), "{others}");
        let records = serde_json::to_string(&stage.trail.take()).unwrap();
        assert!(!records.contains(VALUE), "{records}");
    }

    async fn a_secret_in_the_query_is_not_in_the_audit(way) {
        let server = Server::hello().await;
        let stage = bound(way, &server, "query:key").set().await;
        stage.fetch(&format!("GET {}/v1/a?b=c", url(&server))).await;
        let seen = server.seen().requests.concat();
        assert!(seen.starts_with("GET /v1/a?b=c&key=s3cr3t-value"), "{seen}");
        let records = serde_json::to_string(&stage.trail.take()).unwrap();
        assert!(!records.contains("s3cr3t"), "{records}");
    }

    async fn a_guest_does_not_set_the_header_of_a_secret(way) {
        let server = Server::forbidden().await;
        for (placement, header) in [("bearer", "Authorization"), ("header:x-api-key", "X-Api-Key")] {
            let stage = bound(way, &server, placement).set().await;
            for path in ["/v1/a", "/v2/a"] {
                let asked = request(&format!("GET {}{path}", url(&server)));
                let told = stage.send(with(asked, "headers", json!([[header, "mine"]]))).await;
                stage.was_denied(&told, DenyCode::ForbiddenHeader);
            }
        }
        server.was_left_alone();
    }

    async fn a_secret_that_is_echoed_does_not_come_back(way) {
        for text in written(VALUE) {
            let whole = format!("before {text} after");
            let echo = whole.clone();
            let server = Server::start(move |request| match request {
                request if request.contains("/v1/body") => Reply::ok(&echo),
                request if request.contains("/v1/json") => Reply::with(&[("content-type", "application/json")], &echo),
                request if request.contains("/v1/image") => Reply::with(&[("content-type", "image/png")], &echo),
                request if request.contains("/v1/chunks") => {
                    let pieces = split(&echo);
                    Reply::chunked(&[], &pieces.iter().map(String::as_str).collect::<Vec<_>>())
                }
                request if request.contains("/v1/trailer") => Reply::hold(format!(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-echo\r\n\r\nd\r\nbefore  after\r\n0\r\nx-echo: {echo}\r\n\r\n"
                )),
                _ => Reply::with(&[("x-echo", &echo), ("set-cookie", &echo), ("x-other", "kept")], "hello"),
            })
            .await;
            let stage = bound(way, &server, "bearer").set().await;
            for path in ["body", "json", "image", "chunks", "trailer", "header"] {
                let told = stage.fetch(&format!("GET {}/v1/{path}", url(&server))).await;
                assert_eq!(told.code(), "ok", "{path}: {told:?}");
                assert!(!told.text().contains(&text), "{path}: {told:?}");
                match path {
                    "header" => assert_eq!(told.header("x-other"), Some("kept"), "{told:?}"),
                    _ => assert!(told.body().starts_with("before ") && told.body().ends_with(" after"), "{told:?}"),
                }
            }
        }
    }

    async fn an_encoded_response_is_refused_where_a_secret_went(way) {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(VALUE.as_bytes()).unwrap();
        let zipped = encoder.finish().unwrap();
        let mut reply = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", zipped.len()).into_bytes();
        reply.extend(zipped);
        let server = Server::start(move |_| Reply::hold(reply.clone())).await;
        let stage = bound(way, &server, "bearer").set().await;
        let asked = request(&format!("GET {}/v1/a", url(&server)));
        let asked = with(asked, "headers", json!([["accept-encoding", "gzip, br"], ["range", "bytes=3-9"]]));
        let told = stage.send(asked).await;
        assert_ne!(told.code(), "ok", "{told:?}");
        assert!(!told.text().contains("s3cr3t"), "{told:?}");
        let seen = server.seen().requests.concat();
        assert!(seen.contains("accept-encoding: identity\r\n") && !seen.contains("range"), "{seen}");
    }

    async fn a_secret_is_not_carried_elsewhere_in_the_head_of_a_request(way) {
        let server = Server::forbidden().await;
        let home = Server::hello().await;
        let stage = bound(way, &home, "bearer").allow(format!("http:GET,POST {}", url(&server))).set().await;
        for text in written(VALUE) {
            let header = request(&format!("GET {}/", url(&server)));
            let header = with(header, "headers", json!([["x-note", format!("a {text} b")]]));
            let query = request(&format!("GET {}/?a={}", url(&server), text.replace('#', "%23")));
            for asked in [header, query] {
                let told = stage.send(asked).await;
                stage.was_denied(&told, DenyCode::SecretLeak);
            }
        }
        let path = stage.fetch(&format!("GET {}/{}", url(&server), VALUE.replace('/', "%2f"))).await;
        assert_ne!(path.code(), "ok");
        server.was_left_alone();
        stage.is_well().await;
    }

    async fn a_secret_is_not_carried_elsewhere_in_a_body(way) {
        for text in written(VALUE) {
            let server = Server::hello().await;
            let home = Server::hello().await;
            let stage = bound(way, &home, "bearer").allow(format!("http:GET,POST {}", url(&server))).set().await;
            for pieces in [vec![format!("a {text} b")], split(&format!("a {text} b"))] {
                let asked = request(&format!("POST {}/", url(&server)));
                let told = stage.send(with(asked, "pieces", pieces)).await;
                assert_ne!(told.code(), "ok", "{text}: {told:?}");
                let denials = stage.trail.take();
                assert!(denials.iter().any(|record| record.code == Some(DenyCode::SecretLeak)), "{denials:?}");
            }
            let seen = server.wait(|seen| seen.ends.len() == seen.connections).await;
            assert!(seen.requests.is_empty(), "{seen:?}");
            assert!(seen.ends.iter().all(|end| !end.unfinished.contains(&text)), "{seen:?}");
        }
    }

    async fn a_redirect_does_not_carry_a_secret_along(way) {
        let other = Server::hello().await;
        let to = format!("{}/v1/a", url(&other));
        let server = Server::start(move |_| Reply::status(307, &[("location", &to)], "")).await;
        let stage = bound(way, &server, "bearer").allow(format!("http:GET,POST {}", url(&other))).set().await;
        stage.fetch(&format!("GET {}/v1/a", url(&server))).await;
        let followed = other.seen().requests.concat();
        assert_eq!(way == Way::Sdk, !followed.is_empty());
        assert!(!followed.contains("authorization") && !followed.contains(VALUE), "{followed}");
    }

    async fn a_secret_of_another_plugin_is_not_added(way) {
        let server = Server::hello().await;
        let stage = bound(way, &server, "bearer").set().await;
        // Granted the name, but nobody bound it to this one.
        let other = if way == Way::P2 { Way::P3 } else { Way::P2 };
        let grant = [format!("http:{}", url(&server)), "secret:API_KEY".into()];
        let grant = grant.iter().map(crate::support::cap).collect();
        let other = stage.host.load(other.guest(), grant).await.unwrap();
        let told = send(&other, request(&format!("GET {}/v1/a", url(&server)))).await;
        assert_eq!(told.body(), "hello", "{told:?}");
        let seen = server.seen().requests.concat();
        assert!(!seen.contains("authorization") && !seen.contains(VALUE), "{seen}");
    }

    async fn a_secret_that_is_not_granted_is_not_added(way) {
        let server = Server::hello().await;
        let stage = bound(way, &server, "bearer").deny("secret:API_KEY").set().await;
        stage.fetch(&format!("GET {}/v1/a", url(&server))).await;
        let seen = server.seen().requests.concat();
        assert!(!seen.contains("authorization") && !seen.contains(VALUE), "{seen}");
    }
}

/// The SDK's client sends no trailers.
#[tokio::test]
async fn a_secret_is_not_carried_elsewhere_in_a_trailer() {
    for way in [Way::P2, Way::P3] {
        let (server, home) = (Server::hello().await, Server::hello().await);
        let stage = bound(way, &home, "bearer")
            .allow(format!("http:GET,POST {}", url(&server)))
            .set()
            .await;
        let asked = with(
            request(&format!("POST {}/", url(&server))),
            "pieces",
            json!(["body"]),
        );
        let told = stage
            .send(with(asked, "trailers", json!([["x-note", VALUE]])))
            .await;
        assert_ne!(told.code(), "ok", "{told:?}");
        let seen = server
            .wait(|seen| seen.ends.len() == seen.connections)
            .await;
        assert!(seen.requests.is_empty(), "{seen:?}");
        assert!(
            seen.ends.iter().all(|end| !end.unfinished.contains(VALUE)),
            "{seen:?}"
        );
    }
}
