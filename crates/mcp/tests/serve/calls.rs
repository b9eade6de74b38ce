//! Calls of tools.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_mcp::Principal;
use portcullis_test_artifacts::{WELL_STREAMS, WELL_TOOLS};
use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};

use crate::support::{Server, request};

async fn outcome(server: &Server, tool: &'static str, arguments: Value) -> Value {
    let client = server.client(()).await;
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    serde_json::to_value(client.call_tool(params).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_tool_answers_with_text_and_a_structure_that_fits_its_schema() {
    let server = Server::of(WELL_TOOLS).await;
    let sum = outcome(&server, "add-up", json!({"a": 40, "b": 2})).await;
    assert_eq!(sum["isError"], false);
    assert_eq!(sum["content"][0]["text"], "42");
}

#[tokio::test]
async fn each_kind_of_content_is_its_block() {
    let server = Server::of(WELL_TOOLS).await;
    let all = outcome(&server, "contents", json!({})).await;
    let kinds: Vec<_> = all["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["type"])
        .collect();
    // The kind that nobody knows is left out.
    assert_eq!(kinds, ["text", "image", "resource_link"]);
    assert_eq!(all["content"][1]["data"], "R0lGODlh");
    assert_eq!(all["content"][2]["uri"], "https://example.com/a");
}

#[tokio::test]
async fn what_goes_wrong_with_a_call_is_a_result_for_the_model() {
    let server = Server::of(WELL_TOOLS).await;
    let arguments =
        json!({"code": "out-of-stock", "message": "no more tea", "details": {"left": 0}});
    let failed = outcome(&server, "fail", arguments).await;
    assert_eq!(failed["isError"], true);
    assert_eq!(failed["content"][0]["text"], "out-of-stock: no more tea");
    assert_eq!(failed["content"][1]["text"], "{\"left\":0}");
    let mistaken = outcome(&server, "add-up", json!({"a": "forty"})).await;
    assert_eq!(mistaken["isError"], true);
    let text = mistaken["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("/a"), "{text}");
}

#[tokio::test]
async fn a_streaming_tool_s_pieces_are_its_answer() {
    let server = Server::of(WELL_STREAMS).await;
    let counted = outcome(&server, "count", json!({"to": 3})).await;
    let texts = counted["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["text"]);
    assert_eq!(texts.collect::<Vec<_>>(), ["1", "2", "3"]);
}

#[tokio::test]
async fn two_hundred_calls_of_one_session_run_side_by_side() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    for id in 1..=200 {
        let params = json!({"name": "add-up", "arguments": {"a": id, "b": 0}});
        raw.send(&request(id, "tools/call", params)).await;
    }
    let mut answers = BTreeMap::new();
    while answers.len() < 200 {
        let answer = raw.next().await;
        let id = answer["id"].as_u64().unwrap();
        let text = answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(answers.insert(id, text).is_none());
    }
    assert!(answers.iter().all(|(id, text)| id.to_string() == *text));
}

#[tokio::test]
async fn a_cancelled_call_s_guest_ends_and_nothing_is_answered() {
    let server = Server::of(WELL_TOOLS).await;
    let mut raw = server.raw_session().await;
    let call = json!({"name": "wait", "arguments": {"ms": 3_600_000}});
    raw.send(&request(1, "tools/call", call)).await;
    server.busy().await;
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    raw.send(&cancel.to_string()).await;
    server.idle().await;
    // The next message is the answer of the next request.
    raw.send(&request(2, "ping", json!({}))).await;
    assert_eq!(raw.next().await["id"], 2);
    // Its id is free again.
    assert_eq!(raw.ask(1, "ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn a_principal_neither_sees_nor_calls_what_is_not_there_for_it() {
    let server = Server::new(Default::default());
    let (a, b) = ("org.example.a", "org.example.b");
    server.publish(&[(WELL_TOOLS, a), (WELL_STREAMS, b)]).await;
    let principal = Principal {
        plugins: Some(BTreeSet::from([a.parse().unwrap()])),
        tools: Some(vec![format!("{a}/echo*").parse().unwrap()]),
        ..Principal::of_everything("guest")
    };
    let client = server.client_as(principal, ()).await;
    let tools = client.list_all_tools().await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["org_example_a__echo", "org_example_a__echo_shapes"]);
    for hidden in ["org_example_a__add-up", "org_example_b__plain", "add-up"] {
        let error = client
            .call_tool(CallToolRequestParams::new(hidden))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("-32602") || error.to_string().contains("no tool"),
            "{error}"
        );
    }
}
