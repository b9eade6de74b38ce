//! Plugins whose definitions can't be offered, and what is said of them.

use portcullis_host_core::{Error, ErrorKind};
use portcullis_test_artifacts::*;
use serde_json::json;

use crate::support::*;

async fn definition_problem(guest: &str) -> String {
    match load_error(guest).await {
        error @ Error::Definition { .. } => error.to_string(),
        other => panic!("not a definition's fault: {other:?}"),
    }
}

async fn load_limit(guest: &str) -> &'static str {
    match load_error(guest).await {
        Error::LoadLimit { limit, .. } => limit,
        Error::Probe { source } if source.kind() == ErrorKind::OutputTooLarge => "output",
        other => panic!("not a limit of a load: {other:?}"),
    }
}

#[tokio::test]
async fn names_that_are_none_or_stand_twice_are_refused() {
    assert!(
        definition_problem(HOSTILE_LIST_NAME)
            .await
            .contains("no tool name")
    );
    assert!(
        definition_problem(HOSTILE_LIST_TWICE)
            .await
            .contains("two tools")
    );
}

#[tokio::test]
async fn a_name_with_control_characters_is_told_escaped() {
    assert!(
        !definition_problem(HOSTILE_LIST_NAME)
            .await
            .contains('\u{1b}')
    );
}

#[tokio::test]
async fn definitions_that_change_are_refused() {
    assert!(
        definition_problem(HOSTILE_LIST_CHANGES)
            .await
            .contains("each time it is asked")
    );
}

#[tokio::test]
async fn ten_thousand_tools_are_too_many() {
    assert!(matches!(
        load_limit(HOSTILE_LIST_MANY).await,
        "tools" | "output"
    ));
}

#[tokio::test]
async fn a_plugin_without_tools_loads() {
    assert!(load(&host(), HOSTILE_LIST_EMPTY).await.tools().is_empty());
}

#[tokio::test]
async fn a_trap_while_tools_are_listed_is_told_with_its_panic() {
    let Error::Probe { source } = load_error(HOSTILE_LIST_TRAPS).await else {
        panic!("a probe's fault")
    };
    let Error::Trapped(trap) = *source else {
        panic!("{source}")
    };
    assert!(trap.panic.is_some(), "{trap:?}");
}

#[tokio::test]
async fn an_endless_list_of_tools_ends_at_the_probes_deadline() {
    let Error::Probe { source } = load_error(HOSTILE_LIST_LOOPS).await else {
        panic!("a probe's fault")
    };
    assert_eq!(source.kind(), ErrorKind::DeadlineExceeded);
}

#[tokio::test]
async fn schemas_that_are_none_are_refused() {
    for (guest, needle) in [
        (HOSTILE_SCHEMA_TEXT, "no JSON"),
        (HOSTILE_SCHEMA_LIST, "no JSON object"),
        (HOSTILE_SCHEMA_STRING, "\"type\": \"object\""),
        (HOSTILE_SCHEMA_KEYWORD, "can't be used"),
        (HOSTILE_SCHEMA_OUTPUT, "output schema is no JSON"),
        (HOSTILE_SCHEMA_REMOTE, "may only refer to itself"),
        (HOSTILE_SCHEMA_LOCAL, "may only refer to itself"),
        (HOSTILE_SCHEMA_LOOKAROUND, "can't be used"),
        (HOSTILE_SCHEMA_BOMB, "can't be used"),
    ] {
        let problem = definition_problem(guest).await;
        assert!(problem.contains(needle), "{guest}: {problem}");
    }
}

#[tokio::test]
async fn schemas_that_are_too_much_are_refused() {
    assert!(matches!(
        load_limit(HOSTILE_SCHEMA_HUGE).await,
        "schema-bytes" | "definition-bytes" | "output"
    ));
    let error = load_error(HOSTILE_SCHEMA_DEEP).await;
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Definition | ErrorKind::LoadLimit | ErrorKind::Probe
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn references_in_a_circle_do_no_harm() {
    match host().load(HOSTILE_SCHEMA_CYCLE, Default::default()).await {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Definition),
        Ok(plugin) => {
            let tool = plugin.tools()[0].name.clone();
            let _ = plugin
                .call(&tool, json!({"a": {"a": {}}}), Default::default())
                .await;
        }
    }
}

#[tokio::test]
async fn a_pattern_that_hangs_a_backtracking_matcher_is_matched_in_linear_time() {
    let plugin = load(&host(), HOSTILE_SCHEMA_PATTERN).await;
    let tool = plugin.tools()[0].clone();
    let (property, _) = tool.input_schema["properties"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let error = fail(
        &plugin,
        &tool.name,
        json!({property: format!("{}!", "a".repeat(100_000))}),
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::InvalidArguments);
}

#[tokio::test]
async fn definitions_carry_all_that_the_author_wrote() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let tool = plugin.tool("add-up").unwrap();
    assert_eq!(tool.title.as_deref(), Some("Addition"));
    assert_eq!(tool.description, "Adds two numbers.");
    assert_eq!(tool.annotations["read-only"], "true");
    assert_eq!(
        tool.input_schema["properties"]["a"]["description"],
        "The one."
    );
    assert_eq!(tool.input_schema["properties"]["b"]["default"], 1);
    assert_eq!(tool.input_schema["required"], json!(["a"]));
}
