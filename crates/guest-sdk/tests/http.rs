//! The HTTP client, against the scripted host.

use std::io::{self, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use futures::future::join_all;
use futures::stream::{self, TryStreamExt};
use portcullis_guest_sdk::http::{self, Body, Bytes, Error, MAX_REDIRECTS};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::{Host, Reply, json};

const URL: &str = "https://example.com/a";
const GET: &str = "GET https://example.com/a";

fn text(host: &Host) -> Result<String, Error> {
    host.block_on(async { http::get(URL).send().await?.text().await })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_request_says_what_it_was_built_of() {
    let request = "PATCH https://example.com/a?b=%C3%A4+%26&c=";
    let host = Host::new().http(request, Reply::status(204));
    let response = host.block_on(
        http::patch(URL)
            .query("b", "ä &")
            .query("c", "")
            .header("x-one", "1")
            .header("X-One", "2")
            .json(&json!({ "d": 1 }))
            .timeout(Duration::from_secs(2))
            .send(),
    );
    assert_eq!(response.unwrap().status, 204);
    let sent = &host.requests()[0];
    assert_eq!(format!("{} {}", sent.method, sent.url), request);
    assert_eq!(sent.headers["x-one"], "2");
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(sent.headers["content-length"], "7");
    assert_eq!(sent.headers["accept-encoding"], "gzip, deflate");
    assert_eq!(sent.body, br#"{"d":1}"#);
    assert_eq!(sent.timeout, Some(Duration::from_secs(2)));
}

#[test]
fn what_no_request_can_be_is_told_when_it_is_sent() {
    for request in [
        http::get("example.com/a"),
        http::get("/a"),
        http::get("https://"),
        http::get("https://exa mple.com/"),
        http::get(URL).header("a b", "c"),
        http::get(URL).header("a", "b\r\nc: d"),
    ] {
        let error = Host::new().block_on(request.send()).unwrap_err();
        assert_eq!(error.code(), "invalid", "{error}");
    }
}

#[test]
fn a_body_that_is_a_stream_is_sent_to_its_end_or_not_at_all() {
    let host = Host::new().http("POST https://example.com/a", Reply::status(200));
    let pieces = ["a", "b", "c"].map(Ok::<_, io::Error>);
    let sent = http::post(URL).body(Body::stream(stream::iter(pieces)));
    host.block_on(sent.send()).unwrap();
    assert_eq!(host.requests()[0].body, b"abc");
    assert!(!host.requests()[0].headers.contains_key("content-length"));

    let pieces = [Ok("a"), Err(io::Error::other("ran dry"))];
    let broken = http::post(URL).body(Body::stream(stream::iter(pieces)));
    let error = host.block_on(broken.send()).unwrap_err();
    assert!(matches!(error, Error::Body { ref reason } if reason == "ran dry"));
}

#[test]
fn a_body_is_read_whole_or_piece_by_piece() {
    let reply = || Reply::text("[1,").body("2]");
    let host = Host::new().http(GET, reply());
    let numbers: Vec<u8> = host
        .block_on(async { http::get(URL).send().await?.json().await })
        .unwrap();
    assert_eq!(numbers, [1, 2]);
    let pieces: Vec<Bytes> = host
        .block_on(async { http::get(URL).send().await?.chunks().try_collect().await })
        .unwrap();
    assert_eq!(pieces, ["[1,", "2]"]);

    let broken = Error::Unavailable {
        reason: "gone".into(),
    };
    let host = Host::new().http(GET, reply().breaks_off(broken.clone()));
    assert_eq!(text(&host), Err(broken));
}

#[test]
fn a_body_that_is_not_what_it_was_read_as_is_an_error() {
    let host = Host::new().http(GET, Reply::status(200).body(vec![0xff]));
    let error = text(&host).unwrap_err();
    assert!(error.to_string().contains("no UTF-8"), "{error}");
    let json = host.block_on(async { http::get(URL).send().await?.json::<u8>().await });
    assert!(matches!(json, Err(Error::Decode { .. })), "{json:?}");
}

#[test]
fn a_status_is_an_error_where_the_plugin_says_so() {
    for (status, retryable) in [(404, false), (429, true), (503, true)] {
        let host = Host::new().http(GET, Reply::status(status));
        let response = host.block_on(http::get(URL).send()).unwrap();
        let error = response.error_for_status().unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{error}");
    }
    let host = Host::new().http(GET, Reply::status(204));
    let response = host.block_on(http::get(URL).send()).unwrap();
    assert!(response.error_for_status().is_ok());
}

#[test]
fn compressed_bodies_come_decompressed() {
    let long = "a line of text\n".repeat(1_000);
    for (coding, bytes) in [
        ("gzip", gzip(long.as_bytes())),
        ("X-GZIP", gzip(long.as_bytes())),
        ("deflate", zlib(long.as_bytes())),
        ("identity", long.clone().into_bytes()),
    ] {
        let mut reply = Reply::status(200).header("content-encoding", coding);
        for piece in bytes.chunks(7) {
            reply = reply.body(piece.to_vec());
        }
        assert_eq!(
            text(&Host::new().http(GET, reply)).unwrap(),
            long,
            "{coding}"
        );
    }
    let nothing = Reply::status(200).header("content-encoding", "gzip");
    assert_eq!(text(&Host::new().http(GET, nothing)).unwrap(), "");
}

#[test]
fn compressed_bodies_that_are_cut_or_damaged_are_errors() {
    let noise: Vec<u8> = (0..2_000_u32).map(|n| (n * n / 7) as u8).collect();
    for (coding, whole) in [("gzip", gzip(&noise)), ("deflate", zlib(&noise))] {
        let read = |bytes: Vec<u8>| {
            let reply = Reply::status(200).header("content-encoding", coding);
            let host = Host::new().http(GET, reply.body(bytes));
            host.block_on(async { http::get(URL).send().await?.bytes().await })
        };
        assert_eq!(read(whole.clone()).unwrap(), noise);
        for cut in 1..whole.len() {
            let error = read(whole[..cut].to_vec());
            assert!(
                matches!(error, Err(Error::Decode { .. })),
                "{coding}, {cut}"
            );
        }
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        assert!(read(damaged).is_err(), "{coding}");
    }
}

#[test]
fn a_plugin_that_names_codings_or_a_range_gets_the_bytes_as_they_came() {
    for (name, value) in [("accept-encoding", "br"), ("range", "bytes=0-1")] {
        let reply = Reply::text("br").header("content-encoding", "br");
        let host = Host::new().http(GET, reply);
        let raw = http::get(URL).header(name, value);
        let text = host.block_on(async { raw.send().await?.text().await });
        assert_eq!(text.unwrap(), "br");
    }
    let reply = Reply::text("br").header("content-encoding", "br");
    assert!(text(&Host::new().http(GET, reply)).is_err());
}

#[test]
fn a_body_beyond_its_limit_is_an_error_and_a_bomb_does_not_unfold() {
    let read = |reply: Reply, limit| {
        let host = Host::new().http(GET, reply);
        let request = http::get(URL).max_bytes(limit);
        host.block_on(async { request.send().await?.bytes().await })
    };
    assert!(read(Reply::text("abcd"), 4).is_ok());
    let error = read(Reply::text("abc").body("de"), 4).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");

    let bomb = gzip(&vec![0; 64 << 20]);
    let reply = Reply::status(200).header("content-encoding", "gzip");
    let error = read(reply.body(bomb), 1 << 20).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn a_redirect_is_a_new_request_without_credentials_for_another_origin() {
    let host = Host::new()
        .http(
            "POST https://example.com/a",
            Reply::status(302).header("location", "https://example.org/b"),
        )
        .http("GET https://example.org/b", Reply::text("there"));
    let response = host
        .block_on(
            http::post(URL)
                .header("authorization", "Bearer x")
                .body("text")
                .send(),
        )
        .unwrap();
    assert_eq!(response.url, "https://example.org/b");
    let sent = host.requests();
    assert!(sent[0].headers.contains_key("authorization"));
    assert!(!sent[1].headers.contains_key("authorization"));
    assert_eq!(sent[1].body, b"");
}

#[test]
fn a_redirect_to_where_the_plugin_may_not_go_is_denied() {
    let away = Reply::status(302).header("location", "http://169.254.169.254/");
    let host = Host::new().http("GET http://example.com/a", away);
    let error = host.block_on(http::get("http://example.com/a").send());
    assert_eq!(error.unwrap_err(), Error::Denied);
}

#[test]
fn redirects_end() {
    let again = Reply::status(302).header("location", "/a");
    let host = Host::new().http(GET, again);
    let error = host.block_on(http::get(URL).send()).unwrap_err();
    assert_eq!(error.code(), "redirect", "{error}");
    assert_eq!(host.requests().len(), MAX_REDIRECTS + 1);
    let as_it_is = host.block_on(http::get(URL).no_redirects().send());
    assert_eq!(as_it_is.unwrap().status, 302);
}

#[test]
fn a_stream_is_not_sent_twice() {
    let host = Host::new().http(
        "POST https://example.com/a",
        Reply::status(307).header("location", "/b"),
    );
    let body = Body::stream(stream::iter([Ok::<_, io::Error>("a")]));
    let error = host.block_on(http::post(URL).body(body).send());
    assert_eq!(error.unwrap_err().code(), "redirect");
}

#[test]
fn requests_wait_together() {
    let host = Host::new().http(GET, Reply::text("a"));
    let statuses = host.block_on(join_all((0..3).map(|_| http::get(URL).send())));
    assert!(statuses.into_iter().all(|response| response.is_ok()));
}

/// Fails with an error of the plugin's own, caused by a request.
#[plugin_tool]
async fn indirectly() -> Result<(), Indirect> {
    http::get(URL).send().await?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("the list can't be had")]
struct Indirect(#[from] Error);

#[test]
fn a_denied_request_ends_the_call_as_denied_through_any_error() {
    let error = Host::new().call("indirectly", json!({})).unwrap_err();
    assert_eq!(error.code, "denied");
    assert!(
        error.message.starts_with("the list can't be had: "),
        "{error}"
    );
    let gone = Error::Unavailable {
        reason: "gone".into(),
    };
    let host = Host::new().http(GET, Reply::error(gone));
    let error = host.call("indirectly", json!({})).unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("unavailable", true)
    );
}
