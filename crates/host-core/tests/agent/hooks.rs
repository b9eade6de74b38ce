//! Handlers of hooks that behave: events in, verdicts and actions out.

use portcullis_host_core::portcullis_contract::Action;
use portcullis_host_core::portcullis_contract::hook::{Mode, POINTS, Phase, Point};
use portcullis_host_core::{
    CallOptions, Error, ErrorKind, Grant, HookAnswer, HookDefinition, HookVerdict, Limits, Plugin,
};
use portcullis_test_artifacts::{
    BENCH_HOOK, HOSTILE_LIST_HOOKS_GATE, HOSTILE_LIST_HOOKS_POINT, WELL_HOOKS, WELL_ROLES,
};
use serde_json::{Map, Value, json};

use crate::support::*;

/// Something that fits a schema's type.
fn sample_of(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("string") => json!("x"),
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => Value::Null,
    }
}

/// The metadata of a point's payload.
fn metadata(point: &Point) -> Value {
    let schema = (point.schema)();
    let fields = schema["properties"].as_object().unwrap();
    let fields = fields
        .iter()
        .filter(|(name, _)| !point.content.contains(&name.as_str()));
    let sample = fields.map(|(name, schema)| (name.clone(), sample_of(schema)));
    Value::Object(sample.collect::<Map<_, _>>())
}

fn tool_call(text: &str) -> Value {
    json!({
        "session": "s", "turn": 1, "call_id": "c", "tool": "org.example.files/write", "arguments": { "text": text },
    })
}

async fn tell(plugin: &Plugin, hook: &str, payload: &Value) -> Result<HookAnswer, Error> {
    plugin
        .on_event(hook, "event-1", payload, CallOptions::default())
        .await
}

async fn judge(plugin: &Plugin, hook: &str, payload: &Value) -> HookVerdict {
    tell(plugin, hook, payload).await.unwrap().verdict
}

#[tokio::test]
async fn handlers_are_what_their_author_wrote() {
    let plugin = load(&host(), WELL_HOOKS).await;
    assert_eq!(plugin.id().as_str(), "org.example.hooks");
    let watchers = plugin.hooks().iter();
    let mut watched: Vec<_> = watchers
        .filter(|hook| hook.mode == Mode::Observe)
        .map(|hook| &*hook.point)
        .collect();
    let mut points: Vec<_> = POINTS.iter().map(|point| point.name).collect();
    watched.sort_unstable();
    points.sort_unstable();
    assert_eq!(watched, points);

    let guard = plugin.hooks().iter().find(|hook| hook.name == "guard");
    let guard = guard.unwrap();
    assert_eq!(
        (&*guard.point, guard.mode, guard.phase, guard.priority),
        ("before-tool-call", Mode::Gate, Phase::Authorization, 0)
    );
}

#[tokio::test]
async fn every_point_reaches_its_watcher_with_what_is_told_there() {
    let (host, lines) = listening();
    let plugin = load(&host, WELL_HOOKS).await;
    for point in POINTS {
        let watches =
            |hook: &&HookDefinition| hook.mode == Mode::Observe && hook.point == point.name;
        let watcher = plugin.hooks().iter().find(watches).unwrap();
        let payload = metadata(point);
        let answer = tell(&plugin, &watcher.name, &payload).await.unwrap();
        assert_eq!(
            (answer.verdict, answer.actions),
            (HookVerdict::Proceed, vec![])
        );

        let told = lines.take();
        assert_eq!(told.len(), 1, "{}", point.name);
        let (field, seen) = &told[0].fields[0];
        let seen: Value = serde_json::from_str(seen).unwrap();
        assert_eq!((&*told[0].message, &**field), (point.name, "payload"));
        assert_eq!(seen, payload);
    }
    nothing_runs(&host);
}

#[tokio::test]
async fn a_gate_lets_pass_stops_or_changes_and_asks_for_something_besides() {
    let plugin = load(&host(), WELL_HOOKS).await;
    let answer = tell(&plugin, "guard", &tool_call("a")).await.unwrap();
    let shown = Action::SetUiStatus {
        text: "org.example.files/write".into(),
    };
    assert_eq!(
        answer,
        HookAnswer {
            verdict: HookVerdict::Proceed,
            actions: vec![Ok(shown)],
        }
    );
    assert_eq!(
        judge(&plugin, "guard", &tool_call("forbidden")).await,
        HookVerdict::Cancel("what is forbidden is not touched".into())
    );
    assert_eq!(
        judge(&plugin, "guard", &tool_call("LOUD")).await,
        HookVerdict::Replace(tool_call("loud"))
    );
}

#[tokio::test]
async fn a_gate_that_needs_no_content_judges_without() {
    let plugin = load(&host(), WELL_HOOKS).await;
    let event = |messages: u32| json!({ "session": "s", "messages": messages, "tokens": 9_000 });
    assert_eq!(
        judge(&plugin, "wait_for_more", &event(99)).await,
        HookVerdict::Cancel("there is too little to sum up".into())
    );
    assert_eq!(
        judge(&plugin, "wait_for_more", &event(100)).await,
        HookVerdict::Proceed
    );
}

#[tokio::test]
async fn a_modifier_gives_another_payload_or_leaves_it() {
    let plugin = load(&host(), WELL_HOOKS).await;
    let result = |text: &str| {
        json!({
            "session": "s", "turn": 1, "call_id": "c", "tool": "a/b", "is_error": false, "result": [{ "text": text }],
        })
    };
    assert_eq!(
        judge(&plugin, "redact", &result("the secret word")).await,
        HookVerdict::Replace(result("the [redacted] word"))
    );
    assert_eq!(
        judge(&plugin, "redact", &result("the word")).await,
        HookVerdict::Proceed
    );
    let prompt = |context: &[&str]| json!({ "session": "s", "turn": 1, "model": "m", "system": "Help.", "context": context });
    assert_eq!(
        judge(&plugin, "remind", &prompt(&["Today."])).await,
        HookVerdict::Replace(prompt(&["Today.", "Be brief."]))
    );
}

#[tokio::test]
async fn who_wants_content_and_is_told_metadata_says_which_grant_it_lacks() {
    let plugin = load(&host(), WELL_HOOKS).await;
    let mut payload = tool_call("a");
    payload.as_object_mut().unwrap().remove("arguments");
    let Err(Error::Hook { code, message }) = tell(&plugin, "guard", &payload).await else {
        panic!("the hook fails")
    };
    assert_eq!(code, "denied");
    assert!(
        message.contains("hook-content:before-tool-call"),
        "{message}"
    );
}

#[tokio::test]
async fn the_gate_of_the_benchmarks_lets_everything_pass() {
    let plugin = load(&host(), BENCH_HOOK).await;
    assert_eq!(
        judge(&plugin, "proceed", &tool_call("a")).await,
        HookVerdict::Proceed
    );
}

#[tokio::test]
async fn an_event_that_nobody_can_take_never_enters_the_guest() {
    let mut limits = Limits::default();
    limits.call.stream_bytes = 50_000;
    let host = builder().limits(limits).build().unwrap();
    let plugin = load(&host, WELL_HOOKS).await;
    let unknown = tell(&plugin, "guards", &tool_call("a")).await.unwrap_err();
    assert!(matches!(unknown, Error::UnknownHook { hook } if hook == "guards"));
    let large = tool_call(&"x".repeat(50_000));
    let refused = tell(&plugin, "guard", &large).await.unwrap_err();
    assert!(
        matches!(
            refused,
            Error::LimitExceeded {
                limit: "bytes of an event's payload",
                ..
            }
        ),
        "{refused}"
    );
    plugin.stop();
    let stopped = tell(&plugin, "guard", &tool_call("a")).await.unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Stopped);
}

#[tokio::test]
async fn subscriptions_that_make_no_sense_fail_the_load() {
    for (guest, needle) in [
        (
            HOSTILE_LIST_HOOKS_POINT,
            "did you mean \"before-tool-call\"?",
        ),
        (HOSTILE_LIST_HOOKS_GATE, "the mode gate at message-sent"),
    ] {
        let error = host().load(guest, Grant::none()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Definition, "{error}");
        let told = error.to_string();
        assert!(told.contains(needle), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}

#[tokio::test]
async fn roles_are_what_their_author_wrote() {
    let plugin = load(&host(), WELL_ROLES).await;
    let [designer, plain] = plugin.roles() else {
        panic!("{:?}", plugin.roles())
    };
    assert_eq!(
        (&*designer.name, &*designer.model, designer.tools.len()),
        ("designer", "example-large", 2)
    );
    assert_eq!(designer.thinking_level.as_deref(), Some("high"));
    assert_eq!(
        (&*plain.name, plain.tools.len(), &plain.thinking_level),
        ("plain-speaker", 0, &None)
    );
    assert!(plugin.tools().is_empty() && plugin.hooks().is_empty());
}
