//! Streaming tools, one for each way a stream can go wrong. Written against the bare contract, because the SDK does not
//! let an author do most of this.

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            include portcullis:plugin/streaming-tool-plugin@0.1.0;
            import wasi:clocks/monotonic-clock@0.3.0;
        }

        package wasi:clocks@0.3.0 {
            interface monotonic-clock {
                wait-for: async func(nanoseconds: u64);
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::tool::streaming_tools::Guest as StreamingTools;
use exports::portcullis::tool::tools::{
    Guest as Tools, ToolCall, ToolDefinition, ToolError, ToolOutput,
};
use portcullis::tool::tool_types::{Blob, Content, Progress, Streams, ToolEvent};
use wasi::clocks::monotonic_clock::wait_for;
use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamWriter, spawn_local};

type End = Result<ToolOutput, ToolError>;

const MILLISECOND: u64 = 1_000_000;

const TOOLS: [(&str, &str); 14] = [
    ("endless", "Writes events for ever."),
    (
        "endless_progress",
        "Writes progress for ever, as fast as it can.",
    ),
    (
        "error_midway",
        "Writes three events and then fails with `unavailable`.",
    ),
    ("trap_midway", "Writes three events and then panics."),
    ("refuse", "Fails before there is a stream."),
    ("slow", "Writes five events, 20 ms apart."),
    (
        "silent",
        "Keeps its stream open, writes nothing and never ends.",
    ),
    ("huge_event", "Writes one event of a hundred megabytes."),
    (
        "drop_result",
        "Writes one event and drops the writer of its result.",
    ),
    (
        "forget_result",
        "Writes one event, ends, and leaves its result open for ever.",
    ),
    (
        "result_first",
        "Gives its result first and its three events afterwards.",
    ),
    (
        "linger",
        "Gives everything that it has to give, and goes on running.",
    ),
    (
        "many_streams",
        "Opens streams without end and gives none back.",
    ),
    ("ignore_input", "Takes a stream and never reads it."),
];

struct Plugin;

impl Tools for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        TOOLS
            .map(|(name, description)| definition(name, description))
            .into()
    }

    async fn call(call: ToolCall) -> End {
        Err(error("unsupported", &format!("`{}` streams", call.name)))
    }
}

impl StreamingTools for Plugin {
    async fn call_streaming(
        call: ToolCall,
        input: StreamReader<Content>,
    ) -> Result<(StreamReader<ToolEvent>, FutureReader<End>), ToolError> {
        if call.name == "refuse" {
            return Err(error("denied", "not today"));
        }
        let (events, event_reader) = wit_stream::new();
        let (end, end_reader) =
            wit_future::new(|| Err(error("internal", "the writer was dropped")));
        spawn_local(async move {
            misbehave(&call.name, events, end).await;
            // Held so long, so that the caller's writer never learns that nobody reads.
            drop(input);
        });
        Ok((event_reader, end_reader))
    }
}

async fn misbehave(tool: &str, mut events: StreamWriter<ToolEvent>, end: FutureWriter<End>) {
    match tool {
        // A host that stops reading gives the event back; this guest does not care.
        "endless" => loop {
            events.write_one(text("again")).await;
        },
        "endless_progress" => loop {
            events.write_all((0..64).map(progress).collect()).await;
        },
        "error_midway" => {
            write_three(&mut events).await;
            drop(events);
            let _ = end
                .write(Err(error("unavailable", "the source ran dry")))
                .await;
        }
        "trap_midway" => {
            write_three(&mut events).await;
            panic!("three is enough");
        }
        "slow" => {
            for number in 1..=5 {
                wait_for(20 * MILLISECOND).await;
                events.write_one(text(&format!("event {number}"))).await;
            }
            finish(events, end).await;
        }
        "huge_event" => {
            events.write_one(blob(100_000_000)).await;
            finish(events, end).await;
        }
        "drop_result" => {
            events.write_one(text("only this")).await;
            drop(end);
        }
        "forget_result" => {
            events.write_one(text("only this")).await;
            std::mem::forget(end);
        }
        "result_first" => {
            let _ = end.write(Ok(output("done"))).await;
            write_three(&mut events).await;
        }
        "linger" => {
            write_three(&mut events).await;
            finish(events, end).await;
            wait_for(u64::MAX).await;
        }
        "many_streams" => loop {
            std::mem::forget(wit_stream::new::<ToolEvent>());
        },
        // `silent` and `ignore_input`.
        _ => wait_for(u64::MAX).await,
    }
}

async fn write_three(events: &mut StreamWriter<ToolEvent>) {
    for number in 1..=3 {
        events.write_one(text(&format!("event {number}"))).await;
    }
}

async fn finish(events: StreamWriter<ToolEvent>, end: FutureWriter<End>) {
    drop(events);
    let _ = end.write(Ok(output("done"))).await;
}

fn definition(name: &str, description: &str) -> ToolDefinition {
    let input = if name == "ignore_input" {
        Streams::INPUT
    } else {
        Streams::empty()
    };
    ToolDefinition {
        name: name.into(),
        title: None,
        description: description.into(),
        input_schema: r#"{"type":"object"}"#.into(),
        output_schema: None,
        streams: Streams::OUTPUT | input,
        annotations: Vec::new(),
    }
}

fn blob(size: usize) -> ToolEvent {
    ToolEvent::Content(Content::Blob(Blob {
        media_type: "text/plain".into(),
        data: vec![b'x'; size],
    }))
}

fn text(text: &str) -> ToolEvent {
    ToolEvent::Content(Content::Text(text.into()))
}

fn progress(done: u32) -> ToolEvent {
    ToolEvent::Progress(Progress {
        done: done.into(),
        total: Some(64.0),
        message: None,
    })
}

fn output(text: &str) -> ToolOutput {
    ToolOutput {
        content: vec![Content::Text(text.into())],
        structured: None,
    }
}

fn error(code: &str, message: &str) -> ToolError {
    ToolError {
        code: code.into(),
        message: message.into(),
        details: None,
        retryable: false,
    }
}

export!(Plugin);
