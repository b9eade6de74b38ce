//! Hooks: what they are told, and what becomes of what they give.

use portcullis_guest_sdk::hook::{
    AfterToolCall, AfterToolCallMetadata, BeforeModelResolve, BeforeToolCall,
    BeforeToolCallMetadata, GatewayStop, Mode, Phase, ShouldStopAfterTurn,
};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::{Handled, Host, hooks, json};

/// The table that the macros go by.
#[path = "../../macros/src/hook/points.rs"]
mod points;

fn call() -> BeforeToolCall {
    BeforeToolCall {
        session: "s".into(),
        turn: 1,
        call_id: "c".into(),
        tool: "org.example.files/read".into(),
        arguments: json!({ "path": "a" }),
    }
}

fn metadata() -> BeforeToolCallMetadata {
    BeforeToolCallMetadata {
        session: "s".into(),
        turn: 1,
        call_id: "c".into(),
        tool: "org.example.files/read".into(),
    }
}

fn handled(verdict: Verdict<portcullis_guest_sdk::serde_json::Value>) -> Handled {
    Handled {
        verdict,
        actions: Vec::new(),
    }
}

fn status(text: &str) -> Action {
    Action::SetUiStatus { text: text.into() }
}

#[test]
fn the_macros_know_the_points_of_the_contract() {
    let known: Vec<_> = points::POINTS
        .iter()
        .map(|point| (point.name, point.modify, point.gate))
        .collect();
    let published: Vec<_> = portcullis_guest_sdk::hook::POINTS
        .iter()
        .map(|point| {
            (
                point.name,
                point.takes(Mode::Modify),
                point.takes(Mode::Gate),
            )
        })
        .collect();
    assert_eq!(known, published);
}

#[plugin_hook("gateway-stop")]
fn say_goodbye(_event: GatewayStop) {}

#[plugin_hook("after-tool-call", phase = telemetry, priority = -3, name = "watch-calls")]
async fn watch(event: &AfterToolCallMetadata) -> Vec<Action> {
    vec![status(&event.tool)]
}

#[test]
fn hooks_are_told_with_all_that_their_attributes_say() {
    let hooks = hooks();
    assert!(hooks.is_sorted_by_key(|hook| hook.name));
    let named = |name| *hooks.iter().find(|hook| hook.name == name).unwrap();
    let watch = named("watch-calls");
    assert_eq!(
        (watch.point, watch.mode),
        ("after-tool-call", Mode::Observe)
    );
    assert_eq!((watch.phase, watch.priority), (Phase::Telemetry, -3));
    let goodbye = named("say_goodbye");
    assert_eq!((goodbye.phase, goodbye.priority), (Phase::Policy, 0));
}

#[test]
fn an_observer_gives_nothing_but_actions() {
    let event = GatewayStop {
        reason: "signal".into(),
    };
    let goodbye = Host::new().on_event("say_goodbye", event);
    assert_eq!(goodbye, Ok(handled(Verdict::Proceed)));
    let event = AfterToolCall {
        session: "s".into(),
        turn: 1,
        call_id: "c".into(),
        tool: "a/b".into(),
        is_error: false,
        duration_ms: 1,
        arguments: json!({}),
        result: Vec::new(),
    };
    let watched = Host::new().on_event("watch-calls", event).unwrap();
    assert_eq!(watched.actions, [status("a/b")]);
}

#[plugin_hook("before-tool-call", mode = modify)]
fn strip(mut call: BeforeToolCall) -> BeforeToolCall {
    call.arguments = json!({});
    call
}

#[plugin_hook("before-model-resolve", mode = modify)]
fn choose(event: BeforeModelResolve) -> (Option<BeforeModelResolve>, Vec<Action>) {
    let model = "large".to_owned();
    let other = (event.model != model).then_some(BeforeModelResolve { model, ..event });
    (other, vec![status("chosen")])
}

#[test]
fn a_modifier_gives_another_payload_or_none() {
    let stripped = Host::new().on_event("strip", call()).unwrap();
    let Verdict::Replace(payload) = stripped.verdict else {
        panic!("{stripped:?}")
    };
    assert_eq!(payload["arguments"], json!({}));
    assert_eq!(payload["tool"], "org.example.files/read");

    let event = |model: &str| BeforeModelResolve {
        session: "s".into(),
        turn: 1,
        model: model.into(),
        role: None,
    };
    let chosen = Host::new().on_event("choose", event("small")).unwrap();
    let expected = portcullis_guest_sdk::serde_json::to_value(event("large")).unwrap();
    assert_eq!(chosen.verdict, Verdict::Replace(expected));
    assert_eq!(chosen.actions, [status("chosen")]);
    let left = Host::new().on_event("choose", event("large")).unwrap();
    assert_eq!(left.verdict, Verdict::Proceed);
}

#[plugin_hook("before-tool-call", mode = gate)]
fn judge(call: BeforeToolCall) -> Verdict<BeforeToolCall> {
    match call.arguments["path"].as_str() {
        Some("a") => Verdict::Proceed,
        Some("b") => Verdict::Replace(BeforeToolCall {
            arguments: json!({ "path": "c" }),
            ..call
        }),
        _ => Verdict::cancel("not this one"),
    }
}

#[plugin_hook("should-stop-after-turn", mode = gate)]
async fn stop(event: ShouldStopAfterTurn) -> (Verdict, Vec<Action>) {
    let verdict = match event.turn {
        0..10 => Verdict::Proceed,
        _ => Verdict::cancel("ten turns are enough"),
    };
    (verdict, vec![status("counted")])
}

#[test]
fn a_gate_gives_a_verdict() {
    let judged = |path: &str| {
        let arguments = json!({ "path": path });
        let call = BeforeToolCall {
            arguments,
            ..call()
        };
        Host::new().on_event("judge", call).unwrap().verdict
    };
    assert_eq!(judged("a"), Verdict::Proceed);
    assert!(matches!(judged("b"), Verdict::Replace(call) if call["arguments"]["path"] == "c"));
    assert_eq!(judged("d"), Verdict::cancel("not this one"));

    let event = ShouldStopAfterTurn {
        session: "s".into(),
        turn: 10,
        stop: false,
    };
    let stopped = Host::new().on_event("stop", event).unwrap();
    assert_eq!(stopped.verdict, Verdict::cancel("ten turns are enough"));
    assert_eq!(stopped.actions, [status("counted")]);
}

#[plugin_hook("before-tool-call", mode = gate)]
async fn fails_with_a_text(_call: BeforeToolCallMetadata) -> Result<Verdict, String> {
    Err("no idea".into())
}

#[plugin_hook("before-tool-call", mode = gate)]
async fn asks_the_store(call: BeforeToolCallMetadata) -> Result<Verdict, HostError> {
    Ok(match state::get(&call.tool).await? {
        Some(_) => Verdict::Proceed,
        None => Verdict::cancel("not on the list"),
    })
}

#[test]
fn a_hook_fails_as_a_tool_does() {
    let failed = Host::new().on_event("fails_with_a_text", metadata());
    assert_eq!(failed, Err(ToolError::internal("no idea")));
    let host = Host::new().state("org.example.files/read", "");
    let asked = host.on_event("asks_the_store", metadata()).unwrap();
    assert_eq!(asked.verdict, Verdict::Proceed);
}

#[test]
fn a_hook_that_takes_metadata_is_told_whole_payloads_too() {
    let asked = Host::new().on_event("asks_the_store", call()).unwrap();
    assert_eq!(asked.verdict, Verdict::cancel("not on the list"));
}

#[test]
fn content_that_was_left_out_is_a_denial_that_names_the_grant() {
    let denied = Host::new().on_event("judge", metadata()).unwrap_err();
    assert_eq!(denied.code, "denied");
    for part in ["hook-content:before-tool-call", "`arguments`"] {
        assert!(denied.message.contains(part), "{}", denied.message);
    }
}

#[test]
fn what_is_no_payload_is_told_apart() {
    for hook in ["judge", "asks_the_store"] {
        let unfit = Host::new()
            .on_event(hook, json!({ "tool": 1 }))
            .unwrap_err();
        assert_eq!(unfit.code, "invalid");
        assert!(unfit.message.contains("before-tool-call"), "{unfit}");
    }
    let unknown = Host::new().on_event("nobody", call()).unwrap_err();
    assert_eq!(unknown.code, "not-found");
}
