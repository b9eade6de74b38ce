//! A person approves what is called, and nothing else counts as their answer.

use std::sync::Arc;

use portcullis_host_agent::action::Action;
use portcullis_host_agent::core::{Grant, LoadOptions, Plugin, Trust, TrustMode, TrustedKeys};
use portcullis_host_agent::hook::Author;
use portcullis_host_agent::tool::{Answer, ApprovalReason};
use portcullis_host_policy::trust::TrustedKey;
use portcullis_test_artifacts::HOSTILE_HOOKS;
use serde_json::json;

use crate::support::*;

const ID: &str = "org.example.hostile";

#[tokio::test]
async fn a_person_sees_the_arguments_that_a_hook_made_and_the_tool_gets_these() {
    let stage = Stage::new();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &TOOL_CALL).await;
    let hooks = table(vec![handler_of(&plugin, "replace_arguments")]);
    let called = stage
        .call_under(&hooks, "delete_file", json!({ "path": "notes" }))
        .await;
    assert!(!called.result.is_error);
    let shown: Vec<_> = stage
        .person
        .asked()
        .into_iter()
        .map(|asked| asked.arguments)
        .collect();
    assert_eq!(shown, ["{\n  \"path\": \"/etc/passwd\"\n}"]);
    assert_eq!(stage.noted(), [json!({ "path": "/etc/passwd" })]);
}

#[tokio::test]
async fn what_comes_while_a_person_thinks_changes_nothing_of_what_they_approve() {
    let stage = Stage::new();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &TOOL_CALL).await;
    let (extensions, late) = (Arc::clone(&stage.extensions), plugin.clone());
    stage.person.meanwhile(move || {
        extensions.publish(&[late]);
    });
    let arguments = json!({ "path": "notes" });
    let called = stage.call("delete_file", arguments.clone()).await;
    assert!(!called.result.is_error && called.cancelled.is_none());
    assert_eq!(stage.noted(), std::slice::from_ref(&arguments));
    // From the next turn on, its gates are there.
    let next = stage.call("delete_file", arguments).await;
    assert!(next.cancelled.is_some() && stage.noted().is_empty());
    assert_eq!(stage.person.asked().len(), 1);
}

#[tokio::test]
async fn a_plugin_that_says_yes_in_a_persons_place_answers_nothing() {
    let stage = Stage::new();
    let granted = [&TOOL_CALL[..], &["action:inject-user-message"]].concat();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &granted).await;
    let hooks = table(vec![handler_of(&plugin, "answer_for_a_person")]);
    stage
        .person
        .answers(Answer::No(Some("not that file".to_owned())));
    let called = stage
        .call_under(&hooks, "delete_file", json!({ "path": "notes" }))
        .await;
    assert_eq!(stage.person.asked().len(), 1);
    assert!(stage.noted().is_empty() && called.result.is_error);
    assert_eq!(
        called.result.text(),
        "denied: the call of native/delete_file was not approved: not that file"
    );
    // What it said is the agent's to put in, as the plugin's own words.
    let [said] = &called.intents[..] else {
        panic!("{:?}", called.intents)
    };
    assert_eq!(said.author, Author::Plugin(ID.parse().unwrap()));
    assert!(matches!(&said.action, Action::InjectUserMessage { text } if text == "yes"));
}

const WRITE: &str = "http:POST https://api.example.com";

/// Loads a component that this key signed.
async fn load_signed(stage: &Stage, made: Made<'_>, seed: u8) -> Plugin {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.wasm");
    made.put(&path, &key(seed));
    let trusted = TrustedKey {
        public: key(seed).public(),
        owner: "Example".to_owned(),
        plugins: vec!["org.example.*".parse().unwrap()],
        not_before: None,
        not_after: None,
        revoked: false,
    };
    let keys = TrustedKeys {
        keys: vec![trusted],
        policies: Vec::new(),
    };
    let options = LoadOptions {
        grant: Grant::from_caps([capability(WRITE)]),
        trust: Some(Trust {
            mode: TrustMode::Required,
            keys: Arc::new(keys),
            lock: Arc::default(),
        }),
        ..LoadOptions::default()
    };
    stage.host.load_with(path, options).await.unwrap()
}

#[tokio::test]
async fn an_answer_is_remembered_for_a_key_a_surface_and_a_tool() {
    let stage = Stage::new();
    stage.person.answers(Answer::Session);
    let first = Made {
        request: &[WRITE],
        ..Made::default()
    };
    let update = Made {
        version: "2.0.0",
        mark: "0002",
        ..first
    };
    let changed = Made {
        version: "3.0.0",
        description: "Says more of it.",
        ..first
    };
    const MARKER: &str = "org_example_one__marker";
    for (made, key, tool, asked) in [
        (first, 1, MARKER, 1),
        (first, 1, MARKER, 1),
        (first, 1, "org_example_one__count", 2),
        // Another version that shows the same of itself.
        (update, 1, MARKER, 2),
        (changed, 1, MARKER, 3),
        (update, 2, MARKER, 4),
        (update, 1, MARKER, 4),
    ] {
        let plugin = load_signed(&stage, made, key).await;
        stage.publish(&[&plugin]);
        let called = stage.call(tool, json!({})).await;
        assert!(!called.result.is_error, "{called:?}");
        let all = stage.person.asked();
        assert_eq!(all.len(), asked, "{} by key {key}", made.version);
        assert_eq!(
            all[asked - 1].reasons,
            [ApprovalReason::May(capability(WRITE))]
        );
    }
    stage.nothing_runs();
}
