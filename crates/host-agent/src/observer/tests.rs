use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use portcullis_contract::chat::{Media, Message, Part, ToolResultPart};
use portcullis_contract::hook::{Mode, POINTS, Point};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use super::bridge::raised;
use super::cut::{EVENT_BYTES, TEXT_BYTES, fit};
use super::*;

const SECRET: &str = "s3cr3t-\"token\"";

fn text(text: &str) -> String {
    text.to_owned()
}

fn heartbeat(uptime_ms: u64) -> AgentEvent {
    AgentEvent::Heartbeat(Heartbeat {
        uptime_ms,
        sessions: 1,
    })
}

/// One of each kind that is raised.
fn raised_ones() -> Vec<AgentEvent> {
    let session = || text("s");
    vec![
        AgentEvent::GatewayStop(GatewayStop {
            reason: text("signal"),
        }),
        AgentEvent::SessionEnd(SessionEnd {
            session: session(),
            reason: text("asked"),
            turns: 1,
            messages: vec![Message::user("hello")],
        }),
        AgentEvent::LlmRequest(LlmInput {
            session: session(),
            turn: 1,
            model: text("large"),
            messages: vec![],
            tools: vec![],
        }),
        AgentEvent::ToolEnd(AfterToolCall {
            session: session(),
            turn: 1,
            call_id: text("1"),
            tool: text("a/b"),
            is_error: false,
            duration_ms: 1,
            arguments: json!({}),
            result: vec![],
        }),
        AgentEvent::Compacted(AfterCompaction {
            session: session(),
            replaced: 2,
            tokens: 10,
            summary: text("short"),
        }),
        AgentEvent::MessageOut(MessageSent {
            session: session(),
            channel: text("terminal"),
            text: text("hello"),
        }),
        heartbeat(1),
    ]
}

/// One of each kind that is not.
fn other_ones() -> Vec<AgentEvent> {
    let session = || text("s");
    vec![
        AgentEvent::MessageIn(MessageReceived {
            session: session(),
            channel: text("terminal"),
            sender: text("ada"),
            text: text("hello"),
        }),
        AgentEvent::AgentStart(BeforeAgentStart {
            session: session(),
            role: None,
            tools: vec![],
            text: text("hello"),
        }),
        AgentEvent::AgentEnd(AgentEnd {
            session: session(),
            turns: 1,
            outcome: text("answered"),
        }),
        AgentEvent::LlmResponse(LlmOutput {
            session: session(),
            turn: 1,
            model: text("large"),
            finish: text("stop"),
            usage: None,
            tool_uses: vec![],
            text: text("hello"),
        }),
        AgentEvent::ToolStart(BeforeToolCall {
            session: session(),
            turn: 1,
            call_id: text("1"),
            tool: text("a/b"),
            arguments: json!({}),
        }),
        AgentEvent::Error(AgentFailure {
            session: None,
            during: text("llm-call"),
            message: text("no route"),
        }),
    ]
}

fn all() -> impl Iterator<Item = AgentEvent> {
    other_ones().into_iter().chain(raised_ones())
}

/// Keeps what is raised, and waits each time until it is let go on.
struct Raised {
    seen: Mutex<Vec<(&'static str, Value)>>,
    started: Notify,
    go_on: Semaphore,
    observed: fn(&Point) -> bool,
}

impl Raised {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            started: Notify::new(),
            go_on: Semaphore::new(permits),
            observed: |_| true,
        })
    }

    fn seen(&self) -> Vec<(&'static str, Value)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    fn points(&self) -> Vec<&'static str> {
        self.seen().into_iter().map(|(point, _)| point).collect()
    }
}

#[async_trait]
impl Raise for Raised {
    async fn raise(&self, point: &'static Point, payload: Value) {
        self.seen.lock().unwrap().push((point.name, payload));
        self.started.notify_one();
        self.go_on.acquire().await.unwrap().forget();
    }

    fn is_observed(&self, point: &'static Point) -> bool {
        (self.observed)(point)
    }
}

#[test]
fn every_point_at_which_nothing_is_decided_is_raised_and_no_other() {
    let all: Vec<_> = all().collect();
    let mut raised: Vec<_> = all.iter().filter_map(raised).map(|p| p.point()).collect();
    let decides = |point: &&Point| point.takes(Mode::Modify) || point.takes(Mode::Gate);
    let observed = POINTS.iter().filter(|point| !decides(point));
    let mut observed: Vec<_> = observed.map(|point| point.name).collect();
    raised.sort_unstable();
    observed.sort_unstable();
    assert_eq!(raised, observed);
}

#[tokio::test(start_paused = true)]
async fn events_arrive_in_their_order_with_their_payload() {
    let hooks = Raised::new(100);
    let bridge = Bridge::new(hooks.clone(), Redactor::default());
    all().for_each(|event| bridge.on_event(&event));
    bridge.flush().await;
    let expected = [
        "gateway-stop",
        "session-end",
        "llm-input",
        "after-tool-call",
        "after-compaction",
        "message-sent",
        "heartbeat",
    ];
    assert_eq!(hooks.points(), expected);
    assert_eq!(hooks.seen()[6].1, json!({"uptime_ms": 1, "sessions": 1}));
    assert_eq!(bridge.stats().raised, 7);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_observes_is_not_raised() {
    let mut hooks = Raised::new(100);
    Arc::get_mut(&mut hooks).unwrap().observed = |point| point.name == "heartbeat";
    let bridge = Bridge::new(hooks.clone(), Redactor::default());
    all().for_each(|event| bridge.on_event(&event));
    bridge.flush().await;
    assert_eq!(hooks.points(), ["heartbeat"]);
    assert_eq!(bridge.stats().dropped, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_the_newest_and_counts_them() {
    let hooks = Raised::new(0);
    let bridge = Bridge::new(hooks.clone(), Redactor::default());
    bridge.on_event(&heartbeat(0));
    hooks.started.notified().await;
    (1..=300).for_each(|i| bridge.on_event(&heartbeat(i)));
    assert_eq!(bridge.stats().dropped, 300 - 256);
    hooks.go_on.add_permits(1_000);
    bridge.flush().await;
    let uptimes: Vec<_> = hooks
        .seen()
        .iter()
        .map(|(_, p)| p["uptime_ms"].clone())
        .collect();
    assert_eq!(uptimes, (0..=256).map(Value::from).collect::<Vec<_>>());
    assert_eq!(bridge.stats().raised, 257);
}

/// A hook that makes the agent emit another event, and waits for all events to be raised.
struct Reenters(Mutex<Option<std::sync::Weak<Bridge>>>);

#[async_trait]
impl Raise for Reenters {
    async fn raise(&self, _: &'static Point, _: Value) {
        let bridge = self.0.lock().unwrap().clone().unwrap().upgrade().unwrap();
        bridge.on_event(&heartbeat(2));
        bridge.flush().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_causes_raises_no_hooks() {
    let hooks = Arc::new(Reenters(Mutex::default()));
    let bridge = Arc::new(Bridge::new(hooks.clone(), Redactor::default()));
    *hooks.0.lock().unwrap() = Some(Arc::downgrade(&bridge));
    bridge.on_event(&heartbeat(1));
    bridge.flush().await;
    let stats = bridge.stats();
    assert_eq!((stats.raised, stats.reentrant), (1, 1));
}

struct Panics;

#[async_trait]
impl Raise for Panics {
    async fn raise(&self, _: &'static Point, _: Value) {
        panic!("broken");
    }
}

impl Observer for Panics {
    fn on_event(&self, _: &AgentEvent) {
        panic!("broken");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_raising_is_counted_and_the_next_event_is_raised() {
    let bridge = Bridge::new(Arc::new(Panics), Redactor::default());
    bridge.on_event(&heartbeat(1));
    bridge.on_event(&heartbeat(2));
    bridge.flush().await;
    let stats = bridge.stats();
    assert_eq!((stats.raised, stats.failed), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_bridge_in_the_middle_of_an_event() {
    let hooks = Raised::new(0);
    let bridge = Bridge::new(hooks.clone(), Redactor::default());
    bridge.on_event(&heartbeat(1));
    hooks.started.notified().await;
    drop(bridge);
    while Arc::strong_count(&hooks) > 1 {
        tokio::task::yield_now().await;
    }
}

struct Counts(Mutex<u32>);

impl Observer for Counts {
    fn on_event(&self, _: &AgentEvent) {
        *self.0.lock().unwrap() += 1;
    }
}

#[test]
fn an_observer_that_panics_takes_nobody_down() {
    let counts = Arc::new(Counts(Mutex::default()));
    let all = Fanout::new([Arc::new(Panics) as Arc<dyn Observer>, counts.clone()]);
    all.on_event(&heartbeat(1));
    all.on_event(&heartbeat(2));
    assert_eq!(*counts.0.lock().unwrap(), 2);
}

fn fitted(mut payload: Value, secrets: &[&str]) -> Value {
    fit(&mut payload, &Redactor::new(secrets).unwrap());
    payload
}

#[test]
fn secrets_are_taken_out_of_texts_names_and_json_inside_of_texts() {
    let arguments = json!({ "key": SECRET }).to_string();
    let payload = json!({ "a": format!("x{SECRET}y"), "b": [arguments], SECRET: 1 });
    let redacted = fitted(payload, &[SECRET, "short"]);
    let expected = json!({
        "a": "x[redacted]y",
        "b": ["{\"key\":\"[redacted]\"}"],
        "[redacted]": 1,
    });
    assert_eq!(redacted, expected);
    assert_eq!(fitted(json!("short"), &["short"]), "short");
}

#[test]
fn secrets_that_overlap_leave_nothing_of_either() {
    let redacted = fitted(json!("-abcdefghijkl-"), &["abcdefgh", "efghijkl"]);
    assert_eq!(redacted, "-[redacted]-");
}

#[test]
fn a_secret_across_the_cut_leaves_no_half() {
    for before in TEXT_BYTES - SECRET.len()..TEXT_BYTES {
        let long = format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(100));
        let cut = fitted(json!(long), &[SECRET]);
        let cut = cut.as_str().unwrap();
        assert!(!cut.contains("s3") && cut.contains("[redacted]"));
        assert!(cut.ends_with("… [cut]"), "{before}");
    }
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let cut = fitted(json!("é".repeat(TEXT_BYTES)), &[]);
    let cut = cut.as_str().unwrap().strip_suffix("… [cut]").unwrap();
    assert_eq!(cut.len(), TEXT_BYTES);
}

#[test]
fn a_huge_event_keeps_its_shape_and_its_newest_messages() {
    let messages = (0..10_000).map(|i| Message::user(format!("{i} {}", "x".repeat(1_000))));
    let event = SessionEnd {
        session: text("s"),
        reason: text("asked"),
        turns: 1,
        messages: messages.collect(),
    };
    let cut = fitted(serde_json::to_value(event).unwrap(), &[]);
    assert!(cut.to_string().len() < 2 * EVENT_BYTES);
    let cut: SessionEnd = serde_json::from_value(cut).unwrap();
    let newest = cut.messages.last().unwrap().text();
    assert!(newest.starts_with("9999 ") && newest.len() > 1_000);
}

#[test]
fn a_huge_object_is_cut() {
    let fields = (0..100_000).map(|i| (format!("field-{i}"), Value::Null));
    let cut = fitted(json!({ "arguments": Value::Object(fields.collect()) }), &[]);
    assert!(cut.to_string().len() < 2 * EVENT_BYTES);
}

#[test]
fn bytes_are_left_whole_or_left_out() {
    let with = |data: Vec<u8>| {
        let media_type = text("image/png");
        let message = Message {
            role: text("user"),
            parts: vec![Part::Media(Media { media_type, data })],
        };
        let cut = fitted(serde_json::to_value(message).unwrap(), &[SECRET]);
        let message: Message = serde_json::from_value(cut).unwrap();
        let [Part::Media(media)] = &message.parts[..] else {
            panic!("{message:?}");
        };
        media.data.clone()
    };
    assert_eq!(with(b"GIF89a".to_vec()), b"GIF89a");
    assert_eq!(with(format!("GIF {SECRET}").into_bytes()), b"");
    assert_eq!(with(vec![0; 1024 * 1024]), b"");
}

#[test]
fn a_tools_result_goes_over_without_its_secrets() {
    let event = AfterToolCall {
        session: text("s"),
        turn: 1,
        call_id: text("1"),
        tool: text("a/b"),
        is_error: false,
        duration_ms: 1,
        arguments: json!({ "token": SECRET }),
        result: vec![ToolResultPart::Text(format!("sent {SECRET}"))],
    };
    let cut = fitted(serde_json::to_value(event).unwrap(), &[SECRET]);
    let cut: AfterToolCall = serde_json::from_value(cut).unwrap();
    assert_eq!(cut.arguments, json!({ "token": "[redacted]" }));
    assert_eq!(cut.result, [ToolResultPart::Text(text("sent [redacted]"))]);
}

#[test]
fn a_redactor_shows_no_secret() {
    let redactor = Redactor::new([SECRET]).unwrap();
    assert!(!format!("{redactor:?}").contains("s3cr3t"));
}
