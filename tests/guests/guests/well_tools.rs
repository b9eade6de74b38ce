//! Does everything that a tool may do, and does it right.

use std::collections::BTreeMap;
use std::time::Duration;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::{Extension, ResourceLink, config, log};
use serde_json::{Map, Value, json};

#[path = "common/clock.rs"]
mod clock;

/// Many shapes that JSON can take.
#[plugin_type]
#[derive(PartialEq)]
struct Shapes {
    flag: bool,
    small: i8,
    large: u64,
    ratio: f64,
    letter: char,
    text: String,
    maybe: Option<String>,
    list: Vec<i64>,
    pair: (u8, String),
    table: BTreeMap<String, f32>,
    choice: Choice,
    nested: Option<Box<Shapes>>,
}

/// One of several.
#[plugin_type]
#[derive(PartialEq)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Choice {
    Nothing,
    Some { number: i32 },
    Several { numbers: Vec<i32> },
}

/// Answers with the value it was given.
#[plugin_tool(read_only, idempotent)]
fn echo(
    /// Any JSON value.
    value: Value,
) -> Value {
    value
}

/// Answers with the object it was given, and reads it on the way.
#[plugin_tool(read_only, idempotent)]
fn echo_shapes(value: Shapes) -> Shapes {
    value
}

/// Adds two numbers.
#[plugin_tool(name = "add-up", title = "Addition", read_only, idempotent)]
fn add(
    /// The one.
    a: i64,
    /// The other.
    #[arg(default = 1)]
    b: i64,
) -> Result<i64, ToolError> {
    a.checked_add(b)
        .ok_or_else(|| ToolError::invalid_arguments(format!("{a} + {b} is beyond 64 bits")))
}

/// Fails as it is told to.
#[plugin_tool]
fn fail(
    code: String,
    message: String,
    details: Option<Value>,
    #[arg(default)] retryable: bool,
) -> Result<(), ToolError> {
    let error = ToolError::new(code, message).retryable(retryable);
    Err(match details {
        Some(details) => error.with_details(&details),
        None => error,
    })
}

/// Answers with bytes: 0, 1, 2 … 255, 0 ….
#[plugin_tool(read_only)]
fn bytes(
    /// How many.
    #[arg(default = 256)]
    size: usize,
) -> Blob {
    Blob::new(
        "application/octet-stream",
        (0..=u8::MAX).cycle().take(size).collect::<Vec<u8>>(),
    )
}

/// Answers with one of each kind of content.
#[plugin_tool(read_only)]
fn contents() -> Vec<Content> {
    let link = ResourceLink {
        uri: "https://example.com/a".into(),
        name: Some("a".into()),
        media_type: Some("text/html".into()),
    };
    vec![
        "text".into(),
        Blob::new("image/gif", *b"GIF89a").into(),
        link.into(),
        Content::Other(Extension {
            kind: "example".into(),
            payload: "{}".into(),
        }),
    ]
}

/// Says what it knows of its call.
#[plugin_tool(read_only)]
fn context(ctx: &Context) -> Value {
    let attachments: Vec<Value> = ctx
        .attachments()
        .iter()
        .map(|blob| json!({ "media-type": blob.media_type, "bytes": blob.data.len() }))
        .collect();
    let metadata: Map<String, Value> = ctx
        .all_metadata()
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    json!({ "call-id": ctx.call_id(), "metadata": metadata, "attachments": attachments })
}

/// Reports each of its steps.
#[plugin_tool]
fn steps(
    /// How many.
    steps: u32,
    ctx: &Context,
) -> u32 {
    for step in 1..=steps {
        ctx.progress(
            step.into(),
            Some(steps.into()),
            Some(&format!("step {step}")),
        );
    }
    steps
}

/// Writes a line to the log.
#[plugin_tool]
fn note(message: String) {
    log::info!(length = message.len(), "{message}");
}

/// Prints to standard output and standard error.
#[plugin_tool]
fn print(out: String, err: String) {
    println!("{out}");
    eprintln!("{err}");
}

/// Answers with all of its settings.
#[plugin_tool(read_only)]
fn settings() -> Result<Value, ToolError> {
    Ok(config::all()?)
}

/// Waits, and blocks its instance meanwhile.
#[plugin_tool]
fn sleep(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Waits, and does not block its instance.
#[plugin_tool]
async fn wait(ms: u64) {
    clock::wait(ms).await;
}

/// Works until it is asked to stop, and answers that it was.
#[plugin_tool]
async fn until_cancelled(ctx: Context) -> String {
    ctx.cancelled().await;
    format!("stopped early: {}", ctx.is_cancelled())
}

/// Asks again and again whether it should stop, and then fails with `cancelled`.
#[plugin_tool]
async fn poll_cancelled(ctx: Context) -> Result<(), ToolError> {
    while !ctx.is_cancelled() {
        clock::wait(1).await;
    }
    Err(ToolError::cancelled("the caller asked"))
}

/// Says what the sandbox shows of the host.
#[plugin_tool(read_only)]
fn surroundings() -> Value {
    json!({
        "arguments": std::env::args().collect::<Vec<_>>(),
        "variables": std::env::vars().collect::<BTreeMap<_, _>>(),
        "root": std::fs::read_dir("/").map(|entries| entries.count()).map_err(|error| error.to_string()),
        "stdin": std::io::read_to_string(std::io::stdin()).map_err(|error| error.to_string()),
        "network": std::net::TcpStream::connect("127.0.0.1:80").map(|_| ()).map_err(|error| error.to_string()),
    })
}
