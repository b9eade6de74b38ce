//! What a call says while it runs.

use portcullis_test_artifacts::{WELL_STREAMS, WELL_TOOLS};
use serde_json::{Value, json};

use crate::support::{Raw, Server, request};

/// All that comes up to the answer of a call, which is the last.
async fn heard(raw: &mut Raw, params: Value) -> Vec<Value> {
    raw.send(&request(1, "tools/call", params)).await;
    let mut messages = Vec::new();
    loop {
        let message = raw.next().await;
        let last = message["id"] == 1;
        messages.push(message);
        if last {
            return messages;
        }
    }
}

fn progress(messages: &[Value]) -> Vec<f64> {
    let told = messages
        .iter()
        .filter(|one| one["method"] == "notifications/progress");
    told.map(|one| one["params"]["progress"].as_f64().unwrap())
        .collect()
}

#[tokio::test]
async fn progress_is_told_in_order_before_the_answer_to_who_wants_it() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let quiet = json!({"name": "steps", "arguments": {"steps": 3}});
    assert_eq!(heard(&mut raw, quiet.clone()).await.len(), 1);
    let mut wanted = quiet;
    wanted["_meta"] = json!({"progressToken": "mine"});
    let messages = heard(&mut raw, wanted).await;
    assert_eq!(progress(&messages), [1.0, 2.0, 3.0]);
    let params =
        json!({"progressToken": "mine", "progress": 1.0, "total": 3.0, "message": "step 1"});
    assert_eq!(messages[0]["params"], params);
}

#[tokio::test]
async fn a_streaming_tool_s_progress_is_its_own_or_its_pieces() {
    let server = Server::of(WELL_STREAMS).await;
    let mut raw = server.raw_session().await;
    let meta = json!({"progressToken": 7});
    let pieces = json!({"name": "count", "arguments": {"to": 3}, "_meta": meta});
    let messages = heard(&mut raw, pieces).await;
    assert_eq!(progress(&messages), [1.0, 2.0, 3.0]);
    assert_eq!(messages[2]["params"]["message"], "3");
    let own = json!({"name": "count_slowly", "arguments": {"to": 2, "ms": 1}, "_meta": meta});
    let messages = heard(&mut raw, own).await;
    assert_eq!(progress(&messages), [1.0, 2.0]);
    assert_eq!(messages[0]["params"]["total"], 2.0);
}

#[tokio::test]
async fn a_guest_s_lines_are_told_by_the_level_that_the_client_set() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let note = json!({"name": "note", "arguments": {"message": "tea\u{1b} is ready"}});
    let messages = heard(&mut raw, note.clone()).await;
    let line = &messages[0]["params"];
    assert_eq!(
        (&line["level"], &line["logger"]),
        (&json!("info"), &json!("org.example.one"))
    );
    assert_eq!(line["data"]["message"], "tea\\u{1b} is ready");
    assert_eq!(line["data"]["length"], "13");
    raw.ask(2, "logging/setLevel", json!({"level": "warning"}))
        .await;
    assert_eq!(heard(&mut raw, note.clone()).await.len(), 1);
    raw.ask(3, "logging/setLevel", json!({"level": "debug"}))
        .await;
    assert_eq!(heard(&mut raw, note).await.len(), 2);
}
