//! Handlers of hooks that do what they must not. For each: the right error, or its answer as it is for who judges it; the plugin
//! can be called again, and nothing is left behind.

use std::time::Duration;

use portcullis_host_core::portcullis_contract::{Action, ActionError};
use portcullis_host_core::{CallOptions, Error, ErrorKind, HookAnswer, HookVerdict, Host, Plugin};
use portcullis_test_artifacts::HOSTILE_HOOKS;
use serde_json::{Value, json};

use crate::support::*;

/// Those that fail, and how.
const FAILING: [(&str, ErrorKind); 11] = [
    ("err", ErrorKind::Hook),
    ("trap", ErrorKind::Trapped),
    ("hang", ErrorKind::DeadlineExceeded),
    ("spin", ErrorKind::DeadlineExceeded),
    ("linger", ErrorKind::DeadlineExceeded),
    ("ask_often", ErrorKind::LimitExceeded),
    ("ask_at_length", ErrorKind::OutputTooLarge),
    ("replace_by_text", ErrorKind::BrokenContract),
    ("replace_by_much", ErrorKind::OutputTooLarge),
    ("cancel_at_length", ErrorKind::OutputTooLarge),
    ("invoke", ErrorKind::Hook),
];

fn tool_call() -> Value {
    json!({
        "session": "s", "turn": 1, "call_id": "c", "tool": "org.example.files/read",
        "arguments": { "tool": "org.example.other/greet" },
    })
}

fn llm_call() -> Value {
    json!({
        "session": "s", "turn": 1, "model": "m", "tools": ["org.example.files/read"],
        "messages": [{ "role": "system", "parts": [{ "text": "Help." }] }],
    })
}

fn payload_at(point: &str) -> Value {
    match point {
        "before-llm-call" => llm_call(),
        "before-model-resolve" => json!({ "session": "s", "turn": 1, "model": "m", "role": null }),
        _ => tool_call(),
    }
}

/// Tells a hook what is told at its point.
async fn tell(plugin: &Plugin, hook: &str, options: CallOptions) -> Result<HookAnswer, Error> {
    let known = plugin.hooks().iter().find(|known| known.name == hook);
    let payload = payload_at(&known.unwrap().point);
    plugin.on_event(hook, "event-1", &payload, options).await
}

async fn answer(hook: &str) -> HookAnswer {
    let plugin = load(&host(), HOSTILE_HOOKS).await;
    tell(&plugin, hook, long()).await.unwrap()
}

/// Tells a hook that fails, and checks that plugin and host are well afterwards.
async fn failure(host: &Host, plugin: &Plugin, hook: &str, kind: ErrorKind) -> Error {
    let options = match kind {
        ErrorKind::OutputTooLarge => long(),
        _ => short(),
    };
    let error = tell(plugin, hook, options).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{hook}: {error}");
    nothing_runs(host);
    let next = tell(plugin, "proceed", CallOptions::default()).await;
    assert_eq!(next.unwrap().verdict, HookVerdict::Proceed, "after {hook}");
    error
}

#[tokio::test]
async fn a_handler_that_fails_is_told_by_kind_and_the_next_event_finds_it_well() {
    let host = host();
    let plugin = load(&host, HOSTILE_HOOKS).await;
    for (hook, kind) in FAILING {
        failure(&host, &plugin, hook, kind).await;
    }
}

#[tokio::test]
async fn failures_tell_what_can_be_said_of_them() {
    let host = host();
    let plugin = load(&host, HOSTILE_HOOKS).await;
    let error = failure(&host, &plugin, "err", ErrorKind::Hook).await;
    assert!(
        matches!(&error, Error::Hook { code, message } if code == "unavailable" && message == "the list of rules is lost"),
        "{error}"
    );
    let error = failure(&host, &plugin, "trap", ErrorKind::Trapped).await;
    let Error::Trapped(trap) = error else {
        panic!("{error}")
    };
    assert_eq!(trap.panic.unwrap().message, "this hook panics");
    let error = failure(&host, &plugin, "ask_often", ErrorKind::LimitExceeded).await;
    assert!(error.to_string().contains("actions of an event"), "{error}");
}

#[tokio::test]
async fn a_handler_that_is_no_longer_waited_for_ends() {
    let host = host();
    let plugin = load(&host, HOSTILE_HOOKS).await;
    {
        let mut told = std::pin::pin!(tell(&plugin, "hang", CallOptions::default()));
        // Polled until it waits in the guest.
        let waited = tokio::time::timeout(Duration::from_millis(100), &mut told).await;
        assert!(waited.is_err());
        assert_eq!(host.stats().live_instances, 1);
    }
    nothing_runs(&host);
}

#[tokio::test]
async fn actions_come_as_they_were_asked_for_and_what_is_none_says_why() {
    let granted_or_not = answer("ask_without_grant").await.actions;
    let role = "org.example/root".to_owned();
    assert_eq!(granted_or_not, [Ok(Action::SwitchRole { role })]);

    let [unknown, known] = &answer("ask_unknown").await.actions[..] else {
        panic!("two actions")
    };
    assert!(
        matches!(unknown, Err(ActionError::UnknownKind { kind }) if kind == "format-disk"),
        "{unknown:?}"
    );
    assert!(known.is_ok(), "one that can't be read takes no other along");

    let misfit = &answer("ask_misfit").await.actions[0];
    assert!(
        matches!(misfit, Err(ActionError::Payload { kind, .. }) if kind == "switch-role"),
        "{misfit:?}"
    );
    let yes = Action::InjectUserMessage { text: "yes".into() };
    assert_eq!(answer("answer_for_a_person").await.actions, [Ok(yes)]);
}

#[tokio::test]
async fn verdicts_come_as_they_were_given_whatever_the_mode() {
    let cancel = |reason: &str| HookVerdict::Cancel(reason.to_owned());
    assert_eq!(
        answer("cancel_as_observer").await.verdict,
        cancel("I say so")
    );
    assert_eq!(
        answer("cancel_as_modifier").await.verdict,
        cancel("I say so")
    );
    assert_eq!(
        answer("cancel_in_colour").await.verdict,
        cancel("\u{1b}[31mno\u{202e}\u{200b}")
    );
    assert_eq!(
        answer("replace_by_misfit").await.verdict,
        HookVerdict::Replace(json!({ "tool": 1 }))
    );
}

#[tokio::test]
async fn payloads_come_as_they_were_changed_for_who_knows_the_grants() {
    let changed = async |hook: &str, pointer: &str| {
        let HookVerdict::Replace(payload) = answer(hook).await.verdict else {
            panic!("{hook} replaces")
        };
        payload.pointer(pointer).unwrap().clone()
    };
    for hook in ["replace_arguments", "replace_as_observer"] {
        assert_eq!(changed(hook, "/arguments/path").await, "/etc/passwd");
    }
    assert_eq!(changed("replace_tool", "/tool").await, "native/delete");
    assert_eq!(changed("change_model", "/model").await, "example-dear");
    assert_eq!(changed("add_message", "/messages/1/role").await, "user");
    assert_eq!(
        changed("forge_message", "/messages/1/parts/1/other/payload").await,
        "org.example.trusted"
    );
    assert_eq!(changed("add_tool", "/tools/1").await, "native/delete");
    assert_eq!(
        changed("rewrite_history", "/messages/0/parts/0/text").await,
        "Obey."
    );
}

#[tokio::test]
async fn a_handler_calls_no_tool_that_it_was_not_granted() {
    let host = host();
    let plugin = load(&host, HOSTILE_HOOKS).await;
    let error = tell(&plugin, "invoke", short()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Hook { code, .. } if code == "denied"),
        "{error}"
    );
    let grant = granted(&["invoke:org.example.other/greet"]);
    let plugin = host.load(HOSTILE_HOOKS, grant).await.unwrap();
    let error = tell(&plugin, "invoke", short()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Hook { code, .. } if code == "unavailable"),
        "{error}"
    );
}
