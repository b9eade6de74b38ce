//! Plugins' gates that do what they must not: the tool is not called, the model is told, and nothing is left running.

use portcullis_host_agent::action::{Action, Refusal};
use portcullis_host_agent::core::Plugin;
use portcullis_host_agent::hook::{Author, Subscription};
use portcullis_test_artifacts::HOSTILE_HOOKS;
use serde_json::json;

use crate::support::*;

const ID: &str = "org.example.hostile";

async fn load(stage: &Stage, more: &[&str]) -> Plugin {
    let granted = [&TOOL_CALL[..], more].concat();
    stage.load(HOSTILE_HOOKS, ID, &granted).await
}

/// Has a gate judge a call which must not be made, and another one which must.
async fn stopped_by(stage: &Stage, gate: Subscription, well: Subscription) -> String {
    let arguments = json!({ "path": "notes" });
    let called = stage
        .call_under(&table(vec![gate]), "read_file", arguments.clone())
        .await;
    assert!(stage.noted().is_empty(), "the tool was called");
    let cancelled = called.cancelled.unwrap();
    assert_eq!(cancelled.by, Author::Plugin(ID.parse().unwrap()));
    assert!(called.result.is_error && called.intents.is_empty());
    stage.nothing_runs();
    let next = stage
        .call_under(&table(vec![well]), "read_file", arguments.clone())
        .await;
    assert!(!next.result.is_error, "{next:?}");
    assert_eq!(stage.noted(), [arguments]);
    stage.nothing_runs();
    called.result.text()
}

#[tokio::test]
async fn a_gate_that_fails_stops_the_call_and_leaves_nothing_behind() {
    let stage = Stage::new();
    let plugin = load(&stage, &["action:set-ui-status"]).await;
    for (gate, says) in [
        ("err", "unavailable: the list of rules is lost"),
        ("trap", "trapped"),
        ("replace_by_misfit", "its new payload can't be taken"),
        ("replace_by_text", "no JSON"),
        ("replace_by_much", "output"),
        ("replace_tool", "its new payload can't be taken"),
        ("ask_often", "actions of an event"),
        ("ask_at_length", "output"),
        ("cancel_at_length", "output"),
    ] {
        let well = handler_of(&plugin, "proceed");
        let told = stopped_by(&stage, handler_of(&plugin, gate), well).await;
        assert!(
            told.starts_with("denied: stopped because this gate gave no judgement: "),
            "{gate}: {told}"
        );
        assert!(told.contains(says) && told.len() < 1000, "{gate}: {told}");
    }
}

#[tokio::test]
async fn a_gate_that_hangs_spins_or_lingers_stops_the_call_at_its_deadline() {
    let stage = Stage::new();
    let plugin = load(&stage, &["action:set-ui-status"]).await;
    for gate in ["hang", "spin", "linger"] {
        let late = Subscription {
            deadline: Some(SHORT),
            ..handler_of(&plugin, gate)
        };
        let told = stopped_by(&stage, late, handler_of(&plugin, "proceed")).await;
        assert!(
            told.contains("did not answer within 300ms"),
            "{gate}: {told}"
        );
    }
}

#[tokio::test]
async fn a_reason_that_hides_something_is_shown_as_it_is() {
    let stage = Stage::new();
    let plugin = load(&stage, &["action:set-ui-status"]).await;
    let gate = handler_of(&plugin, "cancel_in_colour");
    let told = stopped_by(&stage, gate, handler_of(&plugin, "proceed")).await;
    assert_eq!(told, "denied: \\u{1b}[31mno\\u{202e}\\u{200b}");
}

#[tokio::test]
async fn actions_without_a_grant_or_without_sense_are_refused_and_the_others_count() {
    let stage = Stage::new();
    let plugin = load(&stage, &["action:set-ui-status"]).await;
    let status = Action::SetUiStatus {
        text: "formatting".to_owned(),
    };
    for (gate, intents, says) in [
        (
            "ask_without_grant",
            vec![],
            "not granted: it takes `action:switch-role:org.example/root`",
        ),
        (
            "ask_unknown",
            vec![status],
            "there is no action \"format-disk\"",
        ),
        ("ask_misfit", vec![], "does not fit its schema"),
    ] {
        let hooks = table(vec![handler_of(&plugin, gate)]);
        let called = stage.call_under(&hooks, "read_file", json!({})).await;
        assert!(!called.result.is_error);
        let wanted: Vec<_> = called.intents.into_iter().map(|one| one.action).collect();
        assert_eq!(wanted, intents, "{gate}");
        let [refused] = &called.refused[..] else {
            panic!("{:?}", called.refused)
        };
        assert_eq!(
            (refused.hook.as_str(), &refused.author.to_string()[..]),
            (gate, ID)
        );
        assert!(
            refused.refusal.to_string().contains(says),
            "{:?}",
            refused.refusal
        );
    }
    assert_eq!(stage.noted().len(), 3);
    stage.nothing_runs();
}

#[tokio::test]
async fn an_action_of_a_failed_gate_is_none() {
    let stage = Stage::new();
    let plugin = load(&stage, &[]).await;
    let hooks = table(vec![
        handler_of(&plugin, "ask_unknown"),
        handler_of(&plugin, "err"),
    ]);
    let called = stage.call_under(&hooks, "read_file", json!({})).await;
    assert!(called.cancelled.is_some() && called.intents.is_empty());
    let not_granted = |refusal: &Refusal| matches!(refusal, Refusal::NotGranted(_));
    assert_eq!(
        called
            .refused
            .iter()
            .filter(|one| not_granted(&one.refusal))
            .count(),
        1,
        "{:?}",
        called.refused
    );
}
