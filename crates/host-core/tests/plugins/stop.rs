//! A plugin that is taken out of service.

use portcullis_host_core::{CallOptions, Error, InstancePolicy, Limits, LoadOptions};
use portcullis_test_artifacts::{HOSTILE_CALLS, WELL_STATE};
use serde_json::json;

use crate::support::*;

/// Lets others go on until something holds.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

on_both_runtimes! {
    async fn stopping_ends_a_running_call_and_a_waiting_one_and_lets_none_in() {
        let mut limits = Limits::default();
        limits.plugin.concurrent_calls = 1;
        let host = builder().limits(limits).build().unwrap();
        let plugin = load(&host, HOSTILE_CALLS).await;
        let call = |tool| fail(&plugin, tool, json!({}));
        // Neither one that listens nor one that is busy for ever is asked first.
        for tool in ["hang", "spin"] {
            let plugin = load(&host, HOSTILE_CALLS).await;
            let stop = async {
                until(|| host.stats().live_instances == 1).await;
                plugin.stop();
            };
            let (running, waiting, ()) = tokio::join!(
                fail(&plugin, tool, json!({})),
                fail(&plugin, "wait", json!({})),
                stop
            );
            assert!(matches!(running, Error::Stopped), "{running}");
            assert!(matches!(waiting, Error::Stopped), "{waiting}");
            assert_eq!((host.stats().live_instances, host.stats().calls_in_flight), (0, 0));
            let later = fail(&plugin, "wait", json!({})).await;
            assert!(matches!(later, Error::Stopped), "{later}");
        }
        // Another load of the same file goes on.
        assert!(matches!(call("panic").await, Error::Trapped(_)));
    }

    async fn stopping_drops_what_was_kept_for_later_calls() {
        for policy in [InstancePolicy::Reuse, InstancePolicy::Session] {
            let host = host();
            let load = LoadOptions {
                instances: Some(policy),
                ..LoadOptions::default()
            };
            let plugin = host.load_with(WELL_STATE, load).await.unwrap();
            let session = options(|options| options.session = Some("a".into()));
            plugin.call("count", json!({}), session).await.unwrap();
            assert_eq!(host.stats().live_instances, 1);
            plugin.stop();
            let stats = host.stats();
            assert_eq!((stats.live_instances, stats.open_sessions), (0, 0));
        }
    }
}

#[tokio::test]
async fn stopping_ends_a_stream() {
    let host = host();
    let plugin = load(&host, HOSTILE_CALLS).await;
    let stream = plugin
        .call_streaming("hang", json!({}), CallOptions::default())
        .await
        .unwrap();
    let stop = async {
        until(|| host.stats().live_instances == 1).await;
        plugin.stop();
    };
    let (output, ()) = tokio::join!(stream.output(), stop);
    assert!(matches!(output.unwrap_err(), Error::Stopped));
}
