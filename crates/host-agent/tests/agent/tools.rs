//! Plugins' tools among the agent's own: their names, what is said of them, and what they answer.

use portcullis_host_agent::core::{LimitOverrides, Plugin};
use portcullis_host_agent::extension::Problem;
use portcullis_host_agent::tool::{NameError, RefusedReason};
use portcullis_test_artifacts::{HOSTILE_CALLS, HOSTILE_OUTPUT, WELL_GREET, WELL_TOOLS};
use serde_json::{Value, json};

use crate::support::*;

const ID: &str = "org.example.one";

/// Characters that move a terminal's cursor, turn text around, or can't be seen.
const DECEPTIVE: [char; 5] = ['\u{1b}', '\u{7f}', '\u{200b}', '\u{202e}', '\u{e0041}'];

async fn text_of(stage: &Stage, tool: &str, arguments: Value) -> String {
    stage.call(tool, arguments).await.result.text()
}

#[tokio::test]
async fn tools_of_one_name_stay_apart() {
    let stage = Stage::new();
    let first = stage.load(WELL_GREET, "org.example.one", &[]).await;
    let second = stage.load(WELL_GREET, "org.example.two", &[]).await;
    let snapshot = stage.publish(&[&second, &first]);
    let specs = snapshot.tools.specs();
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "read_file",
            "delete_file",
            "org_example_one__greet",
            "org_example_two__greet"
        ]
    );
    assert!(snapshot.problems.is_empty());
    for plugin in ["one", "two"] {
        let tool = format!("org_example_{plugin}__greet");
        assert_eq!(
            text_of(&stage, &tool, json!({ "name": "Ada" })).await,
            "Hello, Ada!"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_calls_itself_native_takes_no_tools_name() {
    let stage = Stage::new();
    let plugin = stage.load(WELL_GREET, "native", &[]).await;
    let snapshot = stage.publish(&[&plugin]);
    assert_eq!(snapshot.tools.entries().len(), 2);
    let [Problem::Tool(refused)] = &snapshot.problems[..] else {
        panic!("{:?}", snapshot.problems)
    };
    assert_eq!(refused.reason, RefusedReason::Name(NameError::Reserved));
}

#[tokio::test]
async fn of_two_plugins_of_one_id_the_one_that_was_there_stays() {
    let stage = Stage::new();
    let greets = stage.load(WELL_GREET, ID, &[]).await;
    let other = stage.load(WELL_TOOLS, ID, &[]).await;
    stage.publish(&[&greets]);
    let snapshot = stage.publish(&[&other, &greets]);
    let refused: Vec<_> = problems(&snapshot);
    assert_eq!(refused.len(), other.tools().len());
    assert!(refused[0].contains("came before it"), "{refused:?}");
    assert_eq!(
        text_of(&stage, "org_example_one__greet", json!({ "name": "Ada" })).await,
        "Hello, Ada!"
    );
}

#[tokio::test]
async fn a_description_that_deceives_reaches_the_model_as_what_it_is() {
    let stage = Stage::new();
    let made = Made {
        description: r"\u{202e}\u{200b}\7fevil/.\1b..",
        ..Made::default()
    };
    let plugin = stage
        .host
        .load(made.bytes(), Default::default())
        .await
        .unwrap();
    let specs = stage.publish(&[&plugin]).tools.specs();
    assert_eq!(specs.len(), 2 + 3);
    for spec in &specs[2..] {
        assert_eq!(spec.description, "\\u{202e}\\u{200b}\\u{7f}evil/.\\u{1b}..");
        assert!(!format!("{spec:?}").contains(DECEPTIVE));
    }
}

#[tokio::test]
async fn what_a_tool_says_deceives_nobody_whether_it_answers_or_panics() {
    let stage = Stage::new();
    let output = stage.load(HOSTILE_OUTPUT, "org.example.output", &[]).await;
    let calls = stage.load(HOSTILE_CALLS, "org.example.calls", &[]).await;
    stage.publish(&[&output, &calls]);
    let said = text_of(&stage, "org_example_output__escapes", json!({})).await;
    assert!(
        said.contains("\\u{1b}") && !said.contains(DECEPTIVE),
        "{said}"
    );
    let message = json!({ "message": "\u{202e}\u{1b}[2Jall is well" });
    let said = text_of(&stage, "org_example_calls__panic", message).await;
    assert!(
        said.starts_with("trapped: ") && !said.contains(DECEPTIVE),
        "{said}"
    );
}

/// Calls a tool that fails, and finds the next call well.
async fn failure(stage: &Stage, tool: &str, arguments: Value) -> String {
    let failed = stage.call(tool, arguments).await.result;
    assert!(failed.is_error, "{tool}: {failed:?}");
    stage.nothing_runs();
    let next = stage.call("org_example_one__keep_state", json!({ "text": "well" }));
    assert!(!next.await.result.is_error);
    failed.text()
}

async fn load_calls(stage: &Stage, id: &str, limits: LimitOverrides) -> Plugin {
    stage.load_within(HOSTILE_CALLS, id, &[], limits).await
}

#[tokio::test]
async fn a_tool_that_fails_is_a_failed_result_and_the_next_call_is_well() {
    let stage = Stage::new();
    let limits = LimitOverrides {
        wall_clock: Some(SHORT),
        ..LimitOverrides::default()
    };
    let late = load_calls(&stage, "late", limits).await;
    let calls = load_calls(&stage, ID, LimitOverrides::default()).await;
    stage.publish(&[&late, &calls]);
    for (tool, code) in [
        ("late__spin", "deadline-exceeded: "),
        ("late__wait", "deadline-exceeded: "),
        ("org_example_one__panic", "trapped: "),
        ("org_example_one__abort", "trapped: "),
        ("org_example_one__recurse", "trapped: "),
    ] {
        let told = failure(&stage, tool, json!({})).await;
        assert!(told.starts_with(code), "{tool}: {told}");
    }
}

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_an_error() {
    let stage = Stage::new();
    let plugin = load_calls(&stage, ID, LimitOverrides::default()).await;
    stage.publish(&[&plugin]);
    let told = failure(&stage, "org_example_one__huge_output", json!({})).await;
    assert!(told.starts_with("output-too-large: "), "{told}");
}

#[tokio::test]
async fn a_result_that_its_plugin_may_give_and_no_conversation_holds_is_an_error() {
    let stage = Stage::new();
    let limits = LimitOverrides {
        output_bytes: Some(200_000_000),
        memory_bytes: Some(1 << 30),
        ..LimitOverrides::default()
    };
    let plugin = load_calls(&stage, ID, limits).await;
    stage.publish(&[&plugin]);
    let told = failure(&stage, "org_example_one__huge_output", json!({})).await;
    assert!(told.starts_with("output-too-large: "), "{told}");
    assert!(told.contains("org.example.one/huge_output"), "{told}");
}
