//! Tools that take or give their data in pieces.

use std::time::Duration;

use futures::{StreamExt, stream};
use portcullis_host_core::{CallOptions, Content, Error, ErrorKind, Host, Plugin, ToolEvent};
use portcullis_test_artifacts::{HOSTILE_STREAMS, WELL_STREAMS, WELL_TOOLS};
use serde_json::{Value, json};

use crate::support::*;

fn text(event: &ToolEvent) -> Option<&str> {
    match event {
        ToolEvent::Content(Content::Text(text)) => Some(text),
        _ => None,
    }
}

async fn events(
    plugin: &Plugin,
    tool: &str,
    arguments: Value,
    options: CallOptions,
) -> (Vec<ToolEvent>, Result<Value, Error>) {
    let mut stream = plugin
        .call_streaming(tool, arguments, options)
        .await
        .unwrap();
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    let output = stream.output().await;
    (
        events,
        output.map(|output| {
            output
                .structured
                .clone()
                .unwrap_or_else(|| json!(output.text()))
        }),
    )
}

fn texts(events: &[ToolEvent]) -> Vec<&str> {
    events.iter().filter_map(text).collect()
}

fn short() -> CallOptions {
    options(|options| options.timeout = Some(Duration::from_millis(300)))
}

fn input(pieces: &[&str]) -> CallOptions {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Content::Text((*piece).into()))
        .collect();
    options(|options| options.input = Some(stream::iter(pieces).boxed()))
}

fn all_gone(host: &Host) {
    let stats = host.stats();
    assert_eq!((stats.live_instances, stats.calls_in_flight), (0, 0));
}

on_both_runtimes! {
    async fn events_arrive_in_order_and_then_the_end() {
        let host = host();
        let plugin = load(&host, WELL_STREAMS).await;
        let (seen, output) = events(&plugin, "count", json!({"to": 500}), CallOptions::default()).await;
        let expected: Vec<_> = (1..=500).map(|n| n.to_string()).collect();
        assert_eq!(texts(&seen), expected);
        output.unwrap();
        all_gone(&host);
    }

    async fn progress_and_content_come_while_the_tool_works() {
        let plugin = load(&host(), WELL_STREAMS).await;
        let (seen, output) = events(&plugin, "count_slowly", json!({"to": 3, "ms": 1}), CallOptions::default()).await;
        assert_eq!(texts(&seen), ["1", "2", "3"]);
        assert!(matches!(&seen[0], ToolEvent::Progress(progress) if progress.done == 1.0 && progress.total == Some(3.0)));
        assert_eq!(output.unwrap(), "counted to 3");
    }

    async fn input_flows_in_while_output_flows_out() {
        let plugin = load(&host(), WELL_STREAMS).await;
        let (sender, receiver) = futures::channel::mpsc::unbounded::<Content>();
        let fed = options(|options| options.input = Some(receiver.boxed()));
        let mut stream = plugin.call_streaming("echo", json!({}), fed).await.unwrap();
        for piece in ["one", "two"] {
            sender.unbounded_send(Content::Text(piece.into())).unwrap();
            // The answer to a piece comes before the next one is sent.
            assert_eq!(text(&stream.next().await.unwrap()), Some(piece));
        }
        drop(sender);
        assert!(stream.next().await.is_none());
        assert_eq!(stream.output().await.unwrap().structured, Some(json!(2)));
    }

    async fn a_tool_may_only_read_or_leave_the_rest() {
        let plugin = load(&host(), WELL_STREAMS).await;
        assert_eq!(events(&plugin, "measure", json!({}), input(&["ab", "cde"])).await.1.unwrap(), 5);
        assert_eq!(events(&plugin, "measure", json!({}), CallOptions::default()).await.1.unwrap(), 0);
        assert_eq!(events(&plugin, "first", json!({}), input(&["ab", "cde"])).await.1.unwrap(), "ab");
    }

    async fn a_plain_call_of_a_streaming_tool_gathers_its_content() {
        let plugin = load(&host(), WELL_STREAMS).await;
        let output = plugin.call("count", json!({"to": 3}), CallOptions::default()).await.unwrap();
        assert_eq!(output.text().split('\n').take(3).collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    async fn a_streaming_call_of_a_plain_tool_gives_progress_and_the_output() {
        let plugin = load(&host(), WELL_TOOLS).await;
        let (seen, output) = events(&plugin, "steps", json!({"steps": 3}), CallOptions::default()).await;
        assert!(seen.iter().all(|event| matches!(event, ToolEvent::Progress(_))) && !seen.is_empty());
        assert_eq!(output.unwrap(), 3);
        let plugin = load(&host(), WELL_STREAMS).await;
        assert_eq!(ask(&plugin, "plain", json!({"text": "a"})).await, "a");
    }

    async fn an_error_at_the_end_or_the_beginning_is_a_tool_error() {
        let host = host();
        let plugin = load(&host, WELL_STREAMS).await;
        let (seen, output) = events(&plugin, "count_and_fail", json!({"to": 3}), CallOptions::default()).await;
        assert_eq!(texts(&seen), ["1", "2", "3"]);
        assert!(matches!(output.unwrap_err(), Error::Tool(error) if error.code == "unavailable"));
        let plugin = load(&host, HOSTILE_STREAMS).await;
        assert!(matches!(fail(&plugin, "refuse", json!({})).await, Error::Tool(error) if error.code == "denied"));
        all_gone(&host);
    }

    async fn events_before_a_trap_arrive_and_then_the_trap() {
        let host = host();
        let plugin = load(&host, HOSTILE_STREAMS).await;
        let (seen, output) = events(&plugin, "trap_midway", json!({}), CallOptions::default()).await;
        assert_eq!(texts(&seen), ["event 1", "event 2", "event 3"]);
        let Err(Error::Trapped(trap)) = output else { panic!("{output:?}") };
        assert_eq!(trap.panic.unwrap().message, "three is enough");
        all_gone(&host);
    }

    async fn events_that_follow_the_result_are_not_lost() {
        let plugin = load(&host(), HOSTILE_STREAMS).await;
        let (seen, output) = events(&plugin, "result_first", json!({}), CallOptions::default()).await;
        assert_eq!(texts(&seen), ["event 1", "event 2", "event 3"]);
        assert_eq!(output.unwrap(), "done");
    }

    async fn a_stream_without_end_stops_at_a_limit() {
        let host = host();
        let plugin = load(&host, HOSTILE_STREAMS).await;
        for tool in ["endless", "endless_progress"] {
            let (seen, output) = events(&plugin, tool, json!({}), short()).await;
            assert!(!seen.is_empty());
            let kind = output.unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::DeadlineExceeded | ErrorKind::LimitExceeded), "{tool}: {kind}");
        }
        all_gone(&host);
    }

    async fn a_tool_that_neither_writes_nor_ends_is_ended() {
        let host = host();
        let plugin = load(&host, HOSTILE_STREAMS).await;
        for tool in ["silent", "linger", "forget_result"] {
            let (_, output) = events(&plugin, tool, json!({}), short()).await;
            let kind = output.unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::DeadlineExceeded | ErrorKind::BrokenContract), "{tool}: {kind}");
        }
        let endless = stream::repeat_with(|| Content::Text("again".into()));
        let fed = CallOptions { input: Some(endless.boxed()), ..short() };
        assert_eq!(events(&plugin, "ignore_input", json!({}), fed).await.1.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
        all_gone(&host);
    }

    async fn a_dropped_stream_ends_its_call() {
        let host = host();
        let plugin = load(&host, HOSTILE_STREAMS).await;
        let mut stream = plugin.call_streaming("endless", json!({}), CallOptions::default()).await.unwrap();
        stream.next().await.unwrap();
        assert_eq!(host.stats().live_instances, 1);
        drop(stream);
        all_gone(&host);
    }
}

#[tokio::test]
async fn a_writer_that_is_dropped_without_a_result_is_an_error() {
    let plugin = load(&host(), HOSTILE_STREAMS).await;
    let (_, output) = events(&plugin, "drop_result", json!({}), short()).await;
    assert!(matches!(output.unwrap_err(), Error::Tool(error) if error.code == "internal"));
}

#[tokio::test]
async fn an_event_of_a_hundred_megabytes_is_too_large() {
    let host = host();
    let plugin = load(&host, HOSTILE_STREAMS).await;
    let long = options(|options| options.timeout = Some(Duration::from_secs(30)));
    let (_, output) = events(&plugin, "huge_event", json!({}), long).await;
    assert_eq!(output.unwrap_err().kind(), ErrorKind::OutputTooLarge);
    all_gone(&host);
}

#[tokio::test]
async fn a_slow_caller_holds_the_guest_back() {
    let plugin = load(&host(), HOSTILE_STREAMS).await;
    let long = options(|options| options.timeout = Some(Duration::from_secs(2)));
    let mut stream = plugin
        .call_streaming("endless", json!({}), long)
        .await
        .unwrap();
    stream.next().await.unwrap();
    // Nobody polls: the guest stands still, and the call's deadline is all that passes.
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.next().await.unwrap();
}
