//! Where instances come from: fresh, reused, or one for each session.

use std::time::Duration;

use portcullis_host_core::{
    BusyScope, CallOptions, Error, ErrorKind, Host, InstancePolicy, LimitOverrides, LoadOptions,
    Plugin,
};
use portcullis_test_artifacts::{HOSTILE_CALLS, PLUGIN_COUNTER, WELL_LIFECYCLE, WELL_STATE};
use serde_json::json;

use crate::support::*;

async fn load_as(
    host: &Host,
    guest: &str,
    policy: InstancePolicy,
    limits: LimitOverrides,
) -> Plugin {
    let load = LoadOptions {
        instances: Some(policy),
        limits,
        ..LoadOptions::default()
    };
    host.load_with(guest, load).await.unwrap()
}

fn in_session(id: &str) -> CallOptions {
    options(|options| options.session = Some(id.into()))
}

async fn count(plugin: &Plugin, session: &str) -> u64 {
    let output = plugin
        .call("count", json!({}), in_session(session))
        .await
        .unwrap();
    output.structured.unwrap().as_u64().unwrap()
}

on_both_runtimes! {
    async fn a_fresh_instance_remembers_nothing() {
        let plugin = load(&host(), WELL_STATE).await;
        assert_eq!(plugin.instance_policy(), InstancePolicy::Fresh);
        for _ in 0..3 {
            assert_eq!(ask(&plugin, "count", json!({})).await, 1);
        }
    }

    async fn a_reused_instance_goes_on() {
        let host = host();
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Reuse, LimitOverrides::default()).await;
        for call in 1..=3 {
            assert_eq!(ask(&plugin, "count", json!({})).await, call);
        }
        assert_eq!(host.stats().live_instances, 1);
        drop(plugin);
        assert_eq!(host.stats().live_instances, 0);
    }

    async fn an_instance_is_used_again_for_its_own_principal_alone() {
        let host = host();
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Reuse, LimitOverrides::default()).await;
        let count = async |principal: &str| {
            let options = options(|options| options.principal = Some(principal.into()));
            plugin.call("count", json!({}), options).await.unwrap().structured.unwrap()
        };
        assert_eq!((count("ada").await, count("ada").await), (json!(1), json!(2)));
        assert_eq!((count("bob").await, count("ada").await), (json!(1), json!(3)));
        assert_eq!(ask(&plugin, "count", json!({})).await, 1);
    }

    async fn instances_of_other_principals_make_room_for_new_ones() {
        let host = host();
        let one = LimitOverrides { warm_instances: Some(1), ..LimitOverrides::default() };
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Reuse, one).await;
        for (principal, counted) in [("ada", 1), ("ada", 2), ("bob", 1), ("bob", 2), ("ada", 1)] {
            let options = options(|options| options.principal = Some(principal.into()));
            let output = plugin.call("count", json!({}), options).await.unwrap();
            assert_eq!(output.structured.unwrap(), counted, "{principal}");
            assert_eq!(host.stats().live_instances, 1);
        }
    }

    async fn a_reused_instance_that_traps_or_times_out_is_thrown_away() {
        let host = host();
        let plugin = load_as(&host, HOSTILE_CALLS, InstancePolicy::Reuse, LimitOverrides::default()).await;
        let short = || options(|options| options.timeout = Some(Duration::from_millis(100)));
        for tool in ["panic", "spin", "wait"] {
            ask(&plugin, "keep_state", json!({"text": "warm"})).await;
            assert_eq!(host.stats().live_instances, 1);
            fail_with(&plugin, tool, json!({}), short()).await;
            assert_eq!(host.stats().live_instances, 0, "{tool}");
        }
        assert_eq!(ask(&plugin, "keep_state", json!({"text": "new"})).await, json!(["new"]));
    }

    async fn a_session_is_one_instance() {
        let host = host();
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Session, LimitOverrides::default()).await;
        assert_eq!((count(&plugin, "a").await, count(&plugin, "a").await, count(&plugin, "b").await), (1, 2, 1));
        assert_eq!((host.stats().open_sessions, host.stats().live_instances), (2, 2));
        assert!(plugin.close_session("a"));
        assert!(!plugin.close_session("a"));
        assert_eq!((host.stats().open_sessions, host.stats().live_instances), (1, 1));
        assert_eq!(count(&plugin, "a").await, 1);
    }

    async fn calls_of_one_session_run_one_after_another() {
        let plugin = load_as(&host(), WELL_STATE, InstancePolicy::Session, LimitOverrides::default()).await;
        let counts = futures::future::join_all((0..10).map(|_| count(&plugin, "a"))).await;
        let mut sorted = counts.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (1..=10).collect::<Vec<_>>());
    }

    async fn a_session_whose_instance_traps_is_rebuilt_and_the_caller_is_told() {
        let host = host();
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Session, LimitOverrides::default()).await;
        count(&plugin, "a").await;
        let error = fail_with(&plugin, "crash", json!({}), in_session("a")).await;
        let Error::Trapped(trap) = &error else { panic!("{error}") };
        assert!(trap.session_lost);
        assert!(error.to_string().contains("its session starts anew"), "{error}");
        let output = plugin.call("count", json!({}), in_session("a")).await.unwrap();
        assert_eq!((output.structured, output.session_rebuilt), (Some(json!(1)), true));
        let output = plugin.call("count", json!({}), in_session("a")).await.unwrap();
        assert_eq!((output.structured, output.session_rebuilt), (Some(json!(2)), false));
        assert_eq!(host.stats().live_instances, 1);
    }

    async fn a_call_without_a_session_has_an_instance_of_its_own() {
        let host = host();
        let plugin = load_as(&host, WELL_STATE, InstancePolicy::Session, LimitOverrides::default()).await;
        assert_eq!((ask(&plugin, "count", json!({})).await, ask(&plugin, "count", json!({})).await), (json!(1), json!(1)));
        assert_eq!(host.stats().open_sessions, 0);
    }
}

#[tokio::test]
async fn a_reused_instance_that_outgrew_its_memory_or_is_worn_out_is_thrown_away() {
    let host = host();
    let worn = LimitOverrides {
        warm_calls: Some(2),
        ..LimitOverrides::default()
    };
    let plugin = load_as(&host, WELL_STATE, InstancePolicy::Reuse, worn).await;
    let counts = [1, 2, 1, 2, 1];
    for expected in counts {
        assert_eq!(ask(&plugin, "count", json!({})).await, expected);
    }
    let small = LimitOverrides {
        memory_bytes: Some(16 << 20),
        ..LimitOverrides::default()
    };
    let plugin = load_as(&host, WELL_STATE, InstancePolicy::Reuse, small).await;
    ask(&plugin, "keep", json!({"mebibytes": 8})).await;
    assert_eq!(
        fail(&plugin, "keep", json!({"mebibytes": 12})).await.kind(),
        ErrorKind::MemoryExceeded
    );
    ask(&plugin, "keep", json!({"mebibytes": 8})).await;
}

#[tokio::test]
async fn an_idle_session_is_closed() {
    let host = host();
    let idle = LimitOverrides {
        session_idle: Some(Duration::from_secs(60)),
        ..LimitOverrides::default()
    };
    let plugin = load_as(&host, WELL_STATE, InstancePolicy::Session, idle).await;
    count(&plugin, "a").await;
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(host.stats().open_sessions, 1);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(
        (host.stats().open_sessions, host.stats().live_instances),
        (0, 0)
    );
}

#[tokio::test]
async fn too_many_sessions_are_busy() {
    let host = host();
    let few = LimitOverrides {
        sessions: Some(1),
        ..LimitOverrides::default()
    };
    let plugin = load_as(&host, WELL_STATE, InstancePolicy::Session, few).await;
    count(&plugin, "a").await;
    let error = fail_with(&plugin, "count", json!({}), in_session("b")).await;
    assert!(
        matches!(
            error,
            Error::Busy {
                scope: BusyScope::PluginSessions,
                limit: 1
            }
        ),
        "{error}"
    );
    assert_eq!(count(&plugin, "a").await, 2);
}

#[tokio::test]
async fn the_manifest_chooses_the_policy_and_the_operator_overrules_it() {
    let host = host();
    let plugin = load(&host, PLUGIN_COUNTER).await;
    assert_eq!(plugin.instance_policy(), InstancePolicy::Session);
    let plugin = load_as(
        &host,
        PLUGIN_COUNTER,
        InstancePolicy::Fresh,
        LimitOverrides::default(),
    )
    .await;
    assert_eq!(plugin.instance_policy(), InstancePolicy::Fresh);
}

#[tokio::test]
async fn settings_are_handed_over_once_per_instance() {
    let host = host();
    let mut load = LoadOptions {
        instances: Some(InstancePolicy::Reuse),
        ..LoadOptions::default()
    };
    load.config.insert("name".into(), json!("Ada"));
    let plugin = host.load_with(WELL_LIFECYCLE, load).await.unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&plugin, "name", json!({})).await, "Ada");
        assert_eq!(ask(&plugin, "starts", json!({})).await, 1);
    }
}

#[tokio::test]
async fn a_plugin_may_refuse_its_settings_or_break_over_them() {
    let host = host();
    for (key, kind) in [("refuse", ErrorKind::Start), ("panic", ErrorKind::Trapped)] {
        let mut load = LoadOptions::default();
        load.config.insert(key.into(), json!(true));
        let plugin = host.load_with(WELL_LIFECYCLE, load).await.unwrap();
        assert_eq!(fail(&plugin, "name", json!({})).await.kind(), kind);
        assert_eq!(host.stats().live_instances, 0);
    }
}
