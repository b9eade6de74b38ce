//! Tools that take or give their data in pieces.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::stream::{self, StreamExt};
use portcullis_guest_sdk::testing::{Host, Streamed, call, json};
use portcullis_guest_sdk::{Extension, ToolEvent};

const NO_INPUT: [&str; 0] = [];

fn run<const N: usize>(tool: &str, input: [&str; N]) -> Streamed {
    Host::new().call_streaming(tool, json!({}), input)
}

/// Counts.
#[plugin_tool]
fn count(to: u32) -> impl Stream<Item = String> {
    stream::iter((1..=to).map(|number| number.to_string()))
}

#[test]
fn a_stream_is_sent_event_by_event() {
    let streamed = Host::new().call_streaming("count", json!({ "to": 1000 }), NO_INPUT);
    let expected: Vec<String> = (1..=1000).map(|number| number.to_string()).collect();
    assert_eq!(streamed.texts(), expected);
    assert_eq!(streamed.result, Ok(ToolOutput::default()));
}

/// Lends its argument to its stream.
#[plugin_tool]
fn letters(word: &str) -> impl Stream<Item = Content> {
    stream::iter(word.chars().map(|letter| letter.to_string().into()))
}

#[test]
fn a_stream_may_borrow_from_the_arguments() {
    let streamed = Host::new().call_streaming("letters", json!({ "word": "abc" }), NO_INPUT);
    assert_eq!(streamed.texts(), ["a", "b", "c"]);
}

/// Fails after a while.
#[plugin_tool]
fn fails_late() -> impl Stream<Item = Result<&'static str, ToolError>> {
    stream::iter([
        Ok("one"),
        Err(ToolError::unavailable("broken")),
        Ok("never"),
    ])
}

#[test]
fn an_error_in_a_stream_ends_the_call() {
    let streamed = run("fails_late", NO_INPUT);
    assert_eq!(streamed.texts(), ["one"]);
    assert_eq!(streamed.result, Err(ToolError::unavailable("broken")));
}

/// Fails at once, or streams.
#[plugin_tool]
async fn fails_early(fail: bool) -> Result<impl Stream<Item = Progress>, String> {
    if fail {
        return Err("no stream today".into());
    }
    Ok(stream::iter([Progress {
        done: 1.0,
        ..Progress::default()
    }]))
}

#[test]
fn a_stream_may_be_in_a_result() {
    let call =
        |fail: bool| Host::new().call_streaming("fails_early", json!({ "fail": fail }), NO_INPUT);
    assert_eq!(call(true).result.unwrap_err().message, "no stream today");
    assert!(matches!(call(false).events[..], [ToolEvent::Progress(_)]));
}

#[plugin_type]
#[derive(Debug, PartialEq)]
struct Total {
    pieces: usize,
}

/// Echoes its input in capitals and says how many pieces there were.
#[plugin_tool]
async fn shout(
    mut input: InputStream,
    mut out: OutputStream,
    ctx: Context,
) -> Result<Total, ToolError> {
    let mut pieces = 0;
    while let Some(piece) = input.next().await {
        pieces += 1;
        ctx.progress(pieces as f64, None, None);
        out.send(piece.as_text().unwrap_or_default().to_uppercase())
            .await?;
    }
    Ok(Total { pieces })
}

#[test]
fn input_output_and_a_final_result_go_together() {
    let streamed = run("shout", ["a", "b"]);
    assert_eq!(streamed.texts(), ["A", "B"]);
    assert_eq!(
        streamed.result.unwrap().structured_as::<Total>().unwrap(),
        Total { pieces: 2 }
    );
}

#[test]
fn progress_of_a_call_in_pieces_is_among_its_events() {
    let streamed = run("shout", ["a"]);
    let progress = Progress {
        done: 1.0,
        ..Progress::default()
    };
    assert_eq!(
        streamed.events,
        [
            ToolEvent::Progress(progress),
            ToolEvent::Content("A".into())
        ]
    );
}

/// Sends every kind of event.
#[plugin_tool]
fn every_kind() -> impl Stream<Item = ToolEvent> {
    let extension = Extension {
        kind: "example".into(),
        payload: "{}".into(),
    };
    stream::iter([
        ToolEvent::from("text"),
        Blob::default().into(),
        Progress::default().into(),
        ToolEvent::Other(extension),
    ])
}

#[test]
fn events_of_every_kind_come_through() {
    assert_eq!(run("every_kind", NO_INPUT).events.len(), 4);
}

/// Input alone.
#[plugin_tool]
async fn join(input: InputStream, #[arg(default = "-")] separator: &str) -> String {
    let pieces: Vec<String> = input
        .filter_map(|piece| async move { piece.as_text().map(str::to_owned) })
        .collect()
        .await;
    pieces.join(separator)
}

#[test]
fn a_tool_may_stream_its_input_alone() {
    assert_eq!(run("join", ["a", "b", "c"]).result.unwrap().text(), "a-b-c");
}

/// No stream at all.
#[plugin_tool]
fn plain() -> &'static str {
    "plain"
}

#[test]
fn a_tool_without_streams_answers_a_call_in_pieces() {
    assert_eq!(run("plain", NO_INPUT).result.unwrap().text(), "plain");
}

#[test]
fn a_tool_with_streams_refuses_an_ordinary_call() {
    for tool in ["count", "shout", "join"] {
        assert_eq!(
            call(tool, json!({ "to": 1 })).unwrap_err().code,
            "unsupported",
            "{tool}"
        );
    }
}

thread_local! {
    static KEPT: std::cell::RefCell<Option<(Context, OutputStream)>> = const { std::cell::RefCell::new(None) };
}

/// Keeps what it got.
#[plugin_tool]
fn keeps(ctx: Context, out: OutputStream) {
    KEPT.set(Some((ctx, out)));
}

#[test]
fn a_kept_stream_does_not_hold_up_the_end() {
    assert_eq!(run("keeps", NO_INPUT).result, Ok(ToolOutput::default()));
    let (_, mut out) = KEPT.take().unwrap();
    assert!(Host::new().block_on(out.send("late")).is_err());
}
