//! Messages that are none, or too much.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

#[tokio::test]
async fn what_does_not_come_as_json_is_refused() {
    let served = Served::start().await;
    let body = initialize().to_string();
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let asked = served.request().header("content-type", media_type);
        let refused = asked.send(Method::POST, body.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{media_type}"
        );
    }
    let untyped = served.request().without("content-type");
    let refused = untyped.send(Method::POST, body.clone()).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let typed = served
        .request()
        .header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(typed.send(Method::POST, body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_however_it_comes() {
    let served = Served::configured(|options| options.limits.body_bytes = 1_000).await;
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "y".repeat(1_000) } });
    let refused = served.request().post(large).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    // In pieces, without saying how much will come.
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        served.address, served.ada
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = format!("100\r\n{}\r\n", " ".repeat(256));
    for _ in 0..5 {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    let mut answer = [0; 12];
    within(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, *b"HTTP/1.1 413");
}

#[tokio::test]
async fn what_is_no_message_is_told_so_in_the_protocols_words() {
    let served = Served::start().await;
    let id = served.session().await;
    let wrong = [
        ("{", -32_700),
        ("", -32_700),
        ("\u{0}", -32_700),
        ("[]", -32_600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        ("null", -32_600),
        ("{}", -32_600),
    ];
    for (body, code) in wrong {
        for asked in [served.request(), served.request().session(&id)] {
            let refused = asked.send(Method::POST, body).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
            let error: Value = serde_json::from_str(&refused.body).unwrap();
            assert_eq!(error["error"]["code"], code, "{body}");
        }
    }
    // The session has not suffered.
    let pong = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let pong = served.request().session(&id).post(pong).await;
    assert_eq!(pong.status, StatusCode::OK);
}

#[tokio::test]
async fn json_that_is_nested_too_deep_ends_nothing() {
    let served = Served::start().await;
    let id = served.session().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"count","arguments":{{"x":{deep}}}}}}}"#
    );
    let refused = served.request().session(&id).send(Method::POST, body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    served.session().await;
}

#[tokio::test]
async fn a_request_before_a_session_is_refused() {
    let served = Served::start().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let refused = served.request().post(list).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn there_is_nothing_at_other_paths() {
    let served = Served::start().await;
    for path in ["/", "/mcp/", "/MCP", "/mcp/../metrics"] {
        let refused = served.request().at(path).get().await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
    }
}
