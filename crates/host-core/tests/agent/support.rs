//! What the tests share: hosts with one compile cache, and calls that end soon.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use portcullis_host_core::portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, Message, Part,
};
use portcullis_host_core::{
    Assembler, CallOptions, Capability, ChatEvent, ChatStream, Error, Grant, Host, HostBuilder,
    LogLine, LogSink, Plugin, Remedy,
};
use serde_json::{Value, json};

pub(crate) fn builder() -> HostBuilder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::builder()
        .cache_dir(cache)
        .no_audit()
        .max_in_flight(16)
}

pub(crate) fn host() -> Host {
    builder().build().unwrap()
}

pub(crate) async fn load(host: &Host, path: &str) -> Plugin {
    host.load(path, Grant::none()).await.unwrap()
}

pub(crate) fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

pub(crate) fn granted(capabilities: &[&str]) -> Grant {
    Grant::from_caps(capabilities.iter().copied().map(capability))
}

/// A deadline that a guest which uses all of it can be given.
pub(crate) fn short() -> CallOptions {
    within(Duration::from_millis(300))
}

/// A deadline for a guest that writes a hundred megabytes.
pub(crate) fn long() -> CallOptions {
    within(Duration::from_secs(30))
}

pub(crate) fn within(timeout: Duration) -> CallOptions {
    CallOptions {
        timeout: Some(timeout),
        ..CallOptions::default()
    }
}

pub(crate) fn nothing_runs(host: &Host) {
    let stats = host.stats();
    assert_eq!((stats.live_instances, stats.calls_in_flight), (0, 0));
}

/// Calls a tool and gives its structured answer, or else its text.
pub(crate) async fn ask(plugin: &Plugin, tool: &str, arguments: Value) -> Value {
    let called = plugin.call(tool, arguments, CallOptions::default()).await;
    let output = called.unwrap();
    let text = output.text();
    output.structured.unwrap_or_else(|| json!(text))
}

/// Calls a tool that fails.
pub(crate) async fn fail(plugin: &Plugin, tool: &str, arguments: Value) -> Error {
    let called = plugin.call(tool, arguments, CallOptions::default()).await;
    called.expect_err("the call fails")
}

/// The code of a tool's own error.
pub(crate) fn code(error: &Error) -> &str {
    match error {
        Error::Tool(error) | Error::Denied { error, .. } => &error.code,
        other => panic!("not the tool's own: {other:?}"),
    }
}

/// What would have helped a call that was denied.
pub(crate) fn remedies(error: Error) -> Vec<Remedy> {
    let Error::Denied { denials, .. } = error else {
        panic!("not a denial: {error:?}")
    };
    denials
        .into_iter()
        .flat_map(|denial| denial.remedies)
        .collect()
}

/// A request whose last message is this text.
pub(crate) fn request(text: &str) -> ChatRequest {
    ChatRequest {
        model: "example-small".into(),
        messages: vec![Message::user(text)],
        ..ChatRequest::default()
    }
}

/// An answer to its end.
pub(crate) async fn whole(mut stream: ChatStream) -> (Vec<Delta>, Result<Finish, ChatError>) {
    let mut deltas = Vec::new();
    let mut end = None;
    while let Some(event) = stream.next().await {
        assert!(end.is_none(), "something comes after the end");
        match event {
            Ok(ChatEvent::Delta(delta)) => deltas.push(delta),
            Ok(ChatEvent::Finish(finish)) => end = Some(Ok(finish)),
            Err(error) => end = Some(Err(error)),
        }
    }
    (deltas, end.expect("an answer of a plugin has an end"))
}

pub(crate) fn texts(deltas: &[Delta]) -> Vec<&str> {
    let texts = deltas.iter().map(|delta| match delta {
        Delta::Text(text) => text.as_str(),
        other => panic!("no text: {other:?}"),
    });
    texts.collect()
}

pub(crate) fn assembled(deltas: Vec<Delta>) -> Vec<Part> {
    let mut whole = Assembler::default();
    for delta in deltas {
        whole.push(delta).unwrap();
    }
    whole.finish().unwrap().parts
}

/// A sink that keeps what it gets.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<LogLine>>);

impl Lines {
    pub(crate) fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl LogSink for Lines {
    fn log(&self, line: LogLine) {
        self.0.lock().unwrap().push(line);
    }
}

/// A host whose guests' words are kept.
pub(crate) fn listening() -> (Host, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    (builder().log_sink(lines.clone()).build().unwrap(), lines)
}
