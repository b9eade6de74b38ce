//! Calls that go well, and those that end before a guest is entered.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_host_core::{
    Blob, BusyScope, CallOptions, Cancellation, Content, Error, ErrorKind, Extension, Grant,
    LimitOverrides, Limits, LoadOptions, LogLevel, LogSource, ResourceLink,
};
use portcullis_test_artifacts::{CONTRACT_SYNC, PLUGIN_HELLO, WELL_GREET, WELL_TOOLS};
use serde_json::json;

use crate::support::*;

on_both_runtimes! {
    async fn the_hello_plugin_greets() {
        let plugin = load(&host(), PLUGIN_HELLO).await;
        let output = plugin.call("greet", json!({"name": "Ada"}), CallOptions::default()).await.unwrap();
        assert_eq!(output.text(), "Hello, Ada!");
    }

    async fn a_plugin_written_against_the_bare_contract_greets() {
        let plugin = load(&host(), WELL_GREET).await;
        assert_eq!(ask(&plugin, "greet", json!({"name": "Ada"})).await, "Hello, Ada!");
    }

    async fn a_plugin_with_the_sync_interface_answers() {
        let plugin = load(&host(), CONTRACT_SYNC).await;
        let tool = plugin.tools()[0].name.clone();
        plugin.call(&tool, json!({}), CallOptions::default()).await.unwrap();
    }

    async fn many_calls_at_once_each_get_their_own_answer() {
        let plugin = load(&host(), WELL_TOOLS).await;
        let calls = (0..50).map(|n| {
            let plugin = plugin.clone();
            async move { assert_eq!(ask(&plugin, "add-up", json!({"a": n, "b": 1000})).await, json!(n + 1000)) }
        });
        futures::future::join_all(calls).await;
    }

    async fn a_dropped_call_ends_and_leaves_nothing_behind() {
        let host = host();
        let plugin = load(&host, WELL_TOOLS).await;
        {
            let call = plugin.call("wait", json!({"ms": 60_000}), CallOptions::default());
            let mut call = std::pin::pin!(call);
            // Polled until it waits in the guest.
            assert!(tokio::time::timeout(Duration::from_millis(100), &mut call).await.is_err());
            assert_eq!((host.stats().calls_in_flight, host.stats().live_instances), (1, 1));
        }
        assert_eq!((host.stats().calls_in_flight, host.stats().live_instances), (0, 0));
        assert_eq!(ask(&plugin, "add-up", json!({"a": 1})).await, 2);
    }

    async fn a_guest_that_listens_may_still_answer_when_it_is_cancelled() {
        let plugin = load(&host(), WELL_TOOLS).await;
        let cancel = Cancellation::new();
        let cancelled = options(|options| options.cancel = Some(cancel.clone()));
        let call = plugin.call("until_cancelled", json!({}), cancelled);
        let ask_it = async {
            tokio::task::yield_now().await;
            cancel.cancel();
        };
        let (output, ()) = tokio::join!(call, ask_it);
        assert_eq!(output.unwrap().text(), "stopped early: true");
    }
}

#[tokio::test]
async fn wrong_arguments_name_each_place_and_the_guest_is_not_entered() {
    let host = host();
    let plugin = load(&host, WELL_TOOLS).await;
    let error = fail(&plugin, "add-up", json!({"a": "x", "c": 1})).await;
    let Error::InvalidArguments { tool, mistakes } = error else {
        panic!("{error}")
    };
    assert_eq!(tool, "add-up");
    assert!(
        mistakes.iter().any(|mistake| mistake.pointer == "/a"),
        "{mistakes:?}"
    );
    let missing = fail(&plugin, "add-up", json!({})).await;
    assert_eq!(missing.kind(), ErrorKind::InvalidArguments);
    assert!(missing.to_string().contains("\"a\""), "{missing}");
}

#[tokio::test]
async fn arguments_and_attachments_that_are_too_large_are_refused() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let large = "x".repeat(2 << 20);
    assert_eq!(
        fail(&plugin, "echo", json!({"value": large})).await.kind(),
        ErrorKind::InvalidArguments
    );
    let blob = Blob {
        media_type: "text/plain".into(),
        data: vec![0; 2 << 20],
    };
    let attached = options(|options| options.attachments = vec![blob]);
    assert_eq!(
        fail_with(&plugin, "context", json!({}), attached)
            .await
            .kind(),
        ErrorKind::InvalidArguments
    );
}

#[tokio::test]
async fn an_unknown_tool_is_told_with_the_nearest_name() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let error = fail(&plugin, "ad-up", json!({})).await;
    assert!(
        matches!(&error, Error::UnknownTool { nearest: Some(name), .. } if name == "add-up"),
        "{error}"
    );
    let error = fail(&plugin, "nothing_like_it_at_all", json!({})).await;
    assert!(
        matches!(error, Error::UnknownTool { nearest: None, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_tools_own_error_arrives_whole() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let arguments = json!({"code": "not-found", "message": "no such thing", "details": {"id": 7}, "retryable": true});
    let Error::Tool(error) = fail(&plugin, "fail", arguments).await else {
        panic!("a tool error")
    };
    assert_eq!(
        (error.code.as_str(), error.message.as_str(), error.retryable),
        ("not-found", "no such thing", true)
    );
    assert_eq!(error.details, Some(json!({"id": 7})));
}

#[tokio::test]
async fn bytes_links_and_other_content_arrive_as_sent() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let output = plugin
        .call("bytes", json!({"size": 300}), CallOptions::default())
        .await
        .unwrap();
    let [Content::Blob(blob)] = &output.content[..] else {
        panic!("{output:?}")
    };
    assert!(
        blob.data
            .iter()
            .enumerate()
            .all(|(at, byte)| usize::from(*byte) == at % 256)
            && blob.data.len() == 300
    );
    let output = plugin
        .call("contents", json!({}), CallOptions::default())
        .await
        .unwrap();
    let link = ResourceLink {
        uri: "https://example.com/a".into(),
        name: Some("a".into()),
        media_type: Some("text/html".into()),
    };
    let blob = Blob {
        media_type: "image/gif".into(),
        data: b"GIF89a".to_vec(),
    };
    let other = Extension {
        kind: "example".into(),
        payload: "{}".into(),
    };
    let expected = [
        Content::Text("text".into()),
        Content::Blob(blob),
        Content::Link(link),
        Content::Other(other),
    ];
    assert_eq!(output.content, expected);
}

#[tokio::test]
async fn a_tool_sees_its_call_metadata_and_attachments() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let told = options(|options| {
        options.metadata = vec![("traceparent".into(), "00-1".into())];
        options.attachments = vec![Blob {
            media_type: "image/png".into(),
            data: vec![1, 2, 3],
        }];
    });
    let seen = plugin
        .call("context", json!({}), told)
        .await
        .unwrap()
        .structured
        .unwrap();
    assert_eq!(seen["metadata"]["traceparent"], "00-1");
    assert_eq!(
        seen["attachments"],
        json!([{"media-type": "image/png", "bytes": 3}])
    );
    let other = ask(&plugin, "context", json!({})).await;
    assert_ne!(seen["call-id"], other["call-id"]);
}

#[tokio::test]
async fn progress_reaches_the_caller_in_order() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let watched = options(|options| {
        options.on_progress = Some(Arc::new(move |progress| {
            sink.lock().unwrap().push((progress.done, progress.message))
        }));
    });
    plugin
        .call("steps", json!({"steps": 3}), watched)
        .await
        .unwrap();
    let expected = [1.0, 2.0, 3.0].map(|step| (step, Some(format!("step {step}"))));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn log_lines_and_prints_reach_the_sink_with_plugin_and_call() {
    let (host, lines) = listening();
    let plugin = load(&host, WELL_TOOLS).await;
    ask(&plugin, "note", json!({"message": "hello"})).await;
    ask(&plugin, "print", json!({"out": "one\ntwo", "err": "three"})).await;
    let lines = lines.all();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.source, line.message.as_str()))
        .collect();
    let expected = [
        (LogSource::Guest, "hello"),
        (LogSource::Stdout, "one"),
        (LogSource::Stdout, "two"),
        (LogSource::Stderr, "three"),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        (lines[0].level, &lines[0].plugin),
        (LogLevel::Info, plugin.id())
    );
    assert_eq!(lines[0].fields, [("length".to_owned(), "5".to_owned())]);
    assert_eq!(lines[1].call_id, lines[2].call_id);
    assert_ne!(lines[0].call_id, lines[1].call_id);
}

#[tokio::test]
async fn settings_are_seen_by_the_plugin() {
    let mut load = LoadOptions::default();
    load.config.insert("name".into(), json!("Ada"));
    load.config.insert("depth".into(), json!(3));
    let plugin = host().load_with(WELL_TOOLS, load).await.unwrap();
    assert_eq!(
        ask(&plugin, "settings", json!({})).await,
        json!({"name": "Ada", "depth": 3})
    );
}

#[tokio::test]
async fn the_sandbox_shows_nothing_of_the_host() {
    let plugin = load(&host(), WELL_TOOLS).await;
    let seen = ask(&plugin, "surroundings", json!({})).await;
    assert_eq!(seen["variables"], json!({}));
    assert_eq!(seen["stdin"], json!({"Ok": ""}));
    assert!(seen["root"]["Err"].is_string(), "{seen}");
    assert!(seen["network"]["Err"].is_string(), "{seen}");
    let arguments = seen["arguments"].to_string();
    assert!(!arguments.contains('/'), "{arguments}");
}

#[tokio::test]
async fn a_call_beyond_the_queue_is_busy_and_the_others_are_not_harmed() {
    let mut limits = Limits::default();
    limits.plugin.concurrent_calls = 1;
    limits.plugin.queued_calls = 1;
    let plugin = load(&builder().limits(limits).build().unwrap(), WELL_TOOLS).await;
    let wait = || plugin.call("wait", json!({"ms": 50}), CallOptions::default());
    let (first, second, third) = tokio::join!(wait(), wait(), wait());
    first.unwrap();
    second.unwrap();
    let busy = third.unwrap_err();
    assert!(
        matches!(
            busy,
            Error::Busy {
                scope: BusyScope::PluginCalls,
                limit: 1
            }
        ),
        "{busy}"
    );
    wait().await.unwrap();
}

#[tokio::test]
async fn the_hosts_own_queue_holds_over_all_plugins() {
    let mut limits = Limits::default();
    limits.host.concurrent_calls = 1;
    limits.host.queued_calls = 0;
    let host = builder().limits(limits).build().unwrap();
    let (one, other) = (load(&host, WELL_TOOLS).await, load(&host, WELL_GREET).await);
    let wait = one.call("wait", json!({"ms": 50}), CallOptions::default());
    let greet = other.call("greet", json!({"name": "Ada"}), CallOptions::default());
    let (waited, busy) = tokio::join!(wait, greet);
    waited.unwrap();
    assert!(matches!(
        busy.unwrap_err(),
        Error::Busy {
            scope: BusyScope::HostCalls,
            ..
        }
    ));
}

#[tokio::test]
async fn too_many_calls_a_minute_are_busy() {
    let mut limits = Limits::default();
    limits.plugin.calls_per_minute = 2;
    let plugin = load(&builder().limits(limits).build().unwrap(), WELL_GREET).await;
    for _ in 0..2 {
        ask(&plugin, "greet", json!({"name": "Ada"})).await;
    }
    let busy = fail(&plugin, "greet", json!({"name": "Ada"})).await;
    assert!(
        matches!(
            busy,
            Error::Busy {
                scope: BusyScope::PluginRate,
                limit: 2
            }
        ),
        "{busy}"
    );
}

#[tokio::test]
async fn fuel_is_metered_for_who_asked_for_it_on_an_engine_of_its_own() {
    let host = host();
    let plain = load(&host, WELL_TOOLS).await;
    assert_eq!(host.stats().engines, 1);
    let refused = fail_with(
        &plain,
        "add-up",
        json!({"a": 1}),
        options(|options| options.fuel = Some(1)),
    )
    .await;
    assert_eq!(refused.kind(), ErrorKind::Unsupported);

    let mut load = LoadOptions {
        grant: Grant::none(),
        ..LoadOptions::default()
    };
    load.limits = LimitOverrides {
        fuel: Some(10_000_000),
        ..LimitOverrides::default()
    };
    let metered = host.load_with(WELL_TOOLS, load).await.unwrap();
    assert_eq!(host.stats().engines, 2);
    assert_eq!(ask(&metered, "add-up", json!({"a": 1})).await, 2);
    let error = fail_with(
        &metered,
        "add-up",
        json!({"a": 1}),
        options(|options| options.fuel = Some(100)),
    )
    .await;
    assert!(matches!(error, Error::OutOfFuel { budget: 100 }), "{error}");
    assert_eq!(ask(&metered, "add-up", json!({"a": 1})).await, 2);
}

#[test]
fn a_host_that_the_system_cannot_give_is_a_host_fault() {
    let mut limits = Limits::default();
    limits.host.stack_bytes = u64::MAX;
    let error = builder().limits(limits).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Host, "{error}");
}

#[test]
fn hosts_plugins_and_calls_may_be_sent_between_threads() {
    fn send_and_sync<T: Send + Sync + 'static>() {}
    fn send<T: Send>(_: &T) {}
    send_and_sync::<portcullis_host_core::Host>();
    send_and_sync::<portcullis_host_core::Plugin>();
    send_and_sync::<Error>();
    let call = async |plugin: portcullis_host_core::Plugin| {
        send(&plugin.call("a", json!({}), CallOptions::default()));
        send(
            &plugin
                .call_streaming("a", json!({}), CallOptions::default())
                .await,
        );
    };
    let _ = call;
}
