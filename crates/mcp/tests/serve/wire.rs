//! What no client should say, and what comes of it: an answer where one can be given, and a session that goes on.

use std::time::Duration;

use portcullis_test_artifacts::WELL_TOOLS;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::support::{Raw, Server, request};

fn code(answer: &Value) -> i64 {
    answer["error"]["code"]
        .as_i64()
        .unwrap_or_else(|| panic!("{answer}"))
}

/// The session still answers.
async fn goes_on(raw: &mut Raw) {
    let pong = raw.ask(999, "ping", json!({})).await;
    assert_eq!(pong["result"], json!({}));
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_session_goes_on() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let ping = request(1, "ping", json!({}));
    for (line, expected) in [
        ("{".to_owned(), -32700),
        ("no JSON".to_owned(), -32700),
        ("[]".to_owned(), -32600),
        (format!("[{ping},{ping}]"), -32600),
        (r#"{"foo":"bar"}"#.to_owned(), -32600),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#.to_owned(), -32600),
    ] {
        raw.send(&line).await;
        let answer = raw.next().await;
        assert_eq!(code(&answer), expected, "{line}: {answer}");
        goes_on(&mut raw).await;
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    raw.write.write_all(b"\xff\xfe\x00\n").await.unwrap();
    assert_eq!(code(&raw.next().await), -32700);
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn unknown_methods_and_tools_are_told_apart_from_bad_parameters() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    assert_eq!(code(&raw.ask(1, "tools/destroy", json!({})).await), -32601);
    assert_eq!(code(&raw.ask(2, "tools/call", json!({})).await), -32602);
    let no_object = json!({"name": "echo", "arguments": [1]});
    assert_eq!(code(&raw.ask(3, "tools/call", no_object).await), -32602);
    for (id, name) in (4..).zip([
        "no-such",
        "../echo",
        "",
        "a b",
        "e\u{0}",
        "org.example.one/echo",
    ]) {
        assert_eq!(code(&raw.call(id, name, json!({})).await), -32602, "{name}");
    }
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn a_request_before_the_session_begins_is_refused_and_the_rest_ignored() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw();
    let stray = json!({"jsonrpc": "2.0", "id": 7, "result": {}}).to_string();
    raw.send(&stray).await;
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    raw.send(&ready).await;
    assert!(code(&raw.ask(1, "tools/list", json!({})).await) < 0);
    assert!(code(&raw.call(2, "echo", json!({"value": 1})).await) < 0);
    let begun = raw.begin("2025-11-25").await;
    assert_eq!(begun["result"]["serverInfo"]["name"], "portcullis");
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn a_session_begins_once() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    assert_eq!(code(&raw.begin("2025-11-25").await), -32600);
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn an_id_that_waits_for_an_answer_is_not_taken_twice() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let call = json!({"name": "until_cancelled", "arguments": {}});
    raw.send(&request(1, "tools/call", call)).await;
    raw.send(&request(1, "ping", json!({}))).await;
    let refused = raw.next().await;
    assert_eq!((code(&refused), refused.get("id")), (-32600, None));
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn a_message_without_end_is_not_kept_and_the_next_is_read() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#,
        "x".repeat(17 << 20)
    );
    raw.send(&long).await;
    assert_eq!(code(&raw.next().await), -32600);
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn arguments_that_no_value_holds_are_refused_by_the_request_s_id() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (id, value) in (10..).zip([
        deep(129),
        deep(100_000),
        "1e400".to_owned(),
        "-1e400".to_owned(),
        r#""\ud800""#.to_owned(),
        r#""\udc00\ud800""#.to_owned(),
    ]) {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"value":{value}}}}}}}"#
        );
        raw.send(&line).await;
        let answer = raw.next().await;
        assert_eq!((code(&answer), &answer["id"]), (-32600, &json!(id)));
    }
    goes_on(&mut raw).await;
}

#[tokio::test]
async fn what_a_value_holds_comes_back_as_it_was() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let mut deep = json!(1);
    for _ in 0..60 {
        deep = json!([deep]);
    }
    let values = [
        json!("a\u{0}b"),
        json!(u64::MAX),
        json!(1e300),
        json!("\u{1f600}"),
        deep,
    ];
    for (id, value) in (1..).zip(values) {
        let answer = raw.call(id, "echo", json!({"value": value})).await;
        assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap(),
            value,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_not_read_from_for_ever() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let ping = request(1, "ping", json!({"_meta": {"filler": "x".repeat(1_000)}}));
    // Each is answered, and answers take more than a pipe holds long before this.
    let floods = async {
        for id in 0..1_000_000 {
            raw.send(&ping.replacen("\"id\":1,", &format!("\"id\":{id},"), 1))
                .await;
        }
    };
    assert!(timeout(Duration::from_secs(3), floods).await.is_err());
    raw.vanish().await;
}

#[tokio::test]
async fn the_guest_of_a_client_that_vanishes_ends() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let call = json!({"name": "wait", "arguments": {"ms": 3_600_000}});
    raw.send(&request(1, "tools/call", call)).await;
    server.busy().await;
    raw.vanish().await;
    server.idle().await;
}

#[tokio::test]
async fn a_client_that_closes_after_its_requests_gets_their_answers() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let call = json!({"name": "wait", "arguments": {"ms": 50}});
    raw.send(&request(1, "tools/call", call)).await;
    raw.write.shutdown().await.unwrap();
    assert_eq!(raw.next().await["id"], 1);
    raw.served.await.unwrap();
}

#[tokio::test]
async fn whatever_a_guest_prints_only_messages_are_written() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let forged = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"forged":true}}"#;
    let arguments = json!({"out": format!("{forged}\n{forged}"), "err": "no\nprotocol"});
    let params = json!({"name": "print", "arguments": arguments});
    raw.send(&request(1, "tools/call", params)).await;
    loop {
        let message = raw.next().await;
        if message["method"] == "notifications/message" {
            continue;
        }
        assert_eq!(message["id"], 1);
        assert_eq!(message["result"].get("forged"), None);
        break;
    }
    goes_on(&mut raw).await;
}
