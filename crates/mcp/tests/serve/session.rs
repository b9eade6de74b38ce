//! Sessions: how they begin, and what is kept for them.

use portcullis_test_artifacts::{PLUGIN_COUNTER, WELL_TOOLS};
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use serde_json::json;

use crate::support::{Server, eventually, meta};

#[tokio::test]
async fn a_session_is_of_the_revision_that_the_client_speaks() {
    let server = Server::of(WELL_TOOLS).await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let begun = server.raw().begin(version).await;
        assert_eq!(begun["result"]["protocolVersion"], version);
        let can = &begun["result"]["capabilities"];
        assert_eq!(can["tools"]["listChanged"], true);
        assert_eq!(
            can["resources"],
            json!({"subscribe": true, "listChanged": true})
        );
        assert_eq!(can["prompts"]["listChanged"], true);
    }
    let begun = server.raw().begin("2199-01-01").await;
    let newest = ProtocolVersion::LATEST_WITH_INITIALIZE;
    assert_eq!(begun["result"]["protocolVersion"], newest.as_str());
}

#[tokio::test]
async fn a_request_of_the_newest_revision_needs_no_handshake() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw();
    let params = json!({"name": "add-up", "arguments": {"a": 1}, "_meta": meta(json!({}))});
    let answer = raw.ask(1, "tools/call", params).await;
    assert_eq!(answer["result"]["content"][0]["text"], "2", "{answer}");
}

#[tokio::test]
async fn a_plugin_s_session_is_the_client_s_and_ends_with_it() {
    let server = Server::of(WELL_TOOLS).await;
    let counter = std::fs::read(PLUGIN_COUNTER).unwrap();
    let plugin = server
        .host
        .load(counter.as_slice(), Default::default())
        .await
        .unwrap();
    server.extensions.publish(&[plugin]);
    let increment = || CallToolRequestParams::new("increment");
    let text =
        |result: rmcp::model::CallToolResult| result.content[0].as_text().unwrap().text.clone();
    let (one, other) = (server.client(()).await, server.client(()).await);
    assert_eq!(text(one.call_tool(increment()).await.unwrap()), "1");
    assert_eq!(text(one.call_tool(increment()).await.unwrap()), "2");
    assert_eq!(text(other.call_tool(increment()).await.unwrap()), "1");
    assert_eq!(server.host.stats().open_sessions, 2);
    one.cancel().await.unwrap();
    eventually(|| server.host.stats().open_sessions == 1).await;
}
