//! One version takes another's place.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use portcullis_host_core::{CallOptions, Error, InstancePolicy, Limits};
use portcullis_host_policy::config::PluginSettings;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn plugins_come_change_and_go_and_it_is_told() {
    let site = Site::new();
    let host = host();
    let registry = site.open_in(&host).await;
    let mut changes = host.subscribe();
    site.install("one.wasm", &version(1));
    registry.refresh().await.unwrap();
    site.install("one.wasm", &version(2));
    registry.refresh().await.unwrap();
    registry.refresh().await.unwrap();
    fs::remove_file(site.user("one.wasm")).unwrap();
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(
        told(&mut changes).await,
        ["added 1", "updated 1 2", "removed"]
    );
    assert!(snapshot.entries().is_empty());
    drop((registry, host));
    assert!(changes.next().await.is_none());
}

#[tokio::test]
async fn a_slow_subscriber_is_told_how_much_it_missed() {
    let site = Site::new();
    let host = host();
    let registry = site.open_in(&host).await;
    let mut changes = host.subscribe();
    for number in 0..150 {
        site.install(
            &format!("p{number}.wasm"),
            &plugin(&format!("p{number}"), 1),
        );
    }
    registry.refresh().await.unwrap();
    fs::remove_dir_all(site.path("user")).unwrap();
    registry.refresh().await.unwrap();
    let told = told(&mut changes).await;
    assert_eq!(told[0], "missed 44");
    assert_eq!(told.len(), 1 + 256);
}

#[tokio::test]
async fn a_moved_plugin_is_not_loaded_again() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let before = registry.snapshot();
    let mut changes = host.subscribe();
    fs::create_dir(site.user("own")).unwrap();
    for suffix in ["", ".sig"] {
        let from = site.user(&format!("one.wasm{suffix}"));
        fs::rename(from, site.user(&format!("own/p.wasm{suffix}"))).unwrap();
    }
    let snapshot = registry.refresh().await.unwrap();
    assert!(told(&mut changes).await.is_empty());
    let entry = snapshot.entry(&id(ID)).unwrap();
    assert_eq!(entry.path, site.user("own/p.wasm"));
    assert_eq!(snapshot.generation(), before.generation() + 1);
    assert_eq!(host.stats().cache_hits + host.stats().cache_misses, 1);
    assert_eq!(mark(&registry).await, "00010001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_call_goes_on_with_what_it_began_with_and_then_that_is_freed() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let old = Arc::downgrade(&registry.snapshot());
    let other = registry.clone();
    let options = CallOptions {
        timeout: Some(Duration::from_secs(2)),
        ..CallOptions::default()
    };
    let running =
        tokio::spawn(async move { other.call(&id(ID), "spin", json!({}), options).await });
    while host.stats().live_instances == 0 {
        tokio::task::yield_now().await;
    }
    site.install("one.wasm", &version(2));
    registry.refresh().await.unwrap();
    assert_eq!(mark(&registry).await, "00020002");
    assert!(old.upgrade().is_some(), "a call runs on it");
    let ended = running.await.unwrap().unwrap_err();
    assert!(matches!(ended, Error::DeadlineExceeded { .. }), "{ended}");
    assert!(old.upgrade().is_none(), "nobody uses it any more");
    assert_eq!(host.stats().live_instances, 0);
}

#[tokio::test]
async fn a_half_written_file_keeps_the_old_version_until_it_is_whole() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let mut changes = host.subscribe();
    let new = version(2);
    fs::write(site.user("one.wasm.sig"), new.signatures(&[&key(1)])).unwrap();
    for written in [0, 8, 100, new.bytes.len() / 2, new.bytes.len() - 1] {
        fs::write(site.user("one.wasm"), &new.bytes[..written]).unwrap();
        let snapshot = registry.refresh().await.unwrap();
        assert_eq!(found(&snapshot), ["org.example.one active, update failed"]);
        assert_eq!(mark(&registry).await, "00010001");
    }
    fs::write(site.user("one.wasm"), &new.bytes).unwrap();
    registry.refresh().await.unwrap();
    assert_eq!(mark(&registry).await, "00020002");
    let told = told(&mut changes).await;
    assert_eq!(told.last().unwrap(), "updated 1 2");
    assert!(
        told[..told.len() - 1]
            .iter()
            .all(|change| change == "failed"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_probe_that_hangs_holds_nobody_else_up() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let mut limits = Limits::default();
    limits.load.probe_time = Duration::from_secs(3);
    let host = builder().limits(limits).build().unwrap();
    let registry = site.open_in(&host).await;
    let mut changes = host.subscribe();
    let hangs = Recipe {
        list: "(loop $for-ever (br $for-ever))",
        ..Recipe::default()
    };
    site.install("one.wasm", &hangs.make(ID, "2.0.0"));
    site.install("two.wasm", &plugin("org.example.two", 1));
    let other = registry.clone();
    let refresh = tokio::spawn(async move { other.refresh().await.unwrap() });
    wait_for(&mut changes, "added 1").await;
    assert!(
        !refresh.is_finished(),
        "the other is ready before the probe's time is over"
    );
    assert_eq!(mark(&registry).await, "00010001");
    let snapshot = refresh.await.unwrap();
    assert_eq!(
        found(&snapshot),
        [
            "org.example.one active, update failed",
            "org.example.two active"
        ]
    );
    assert_eq!(mark(&registry).await, "00010001");
}

#[tokio::test]
async fn a_folder_that_vanishes_takes_its_plugins_along_and_brings_them_back() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let mut changes = host.subscribe();
    fs::rename(site.path("user"), site.path("away")).unwrap();
    assert!(registry.refresh().await.unwrap().entries().is_empty());
    fs::rename(site.path("away"), site.path("user")).unwrap();
    registry.refresh().await.unwrap();
    assert_eq!(told(&mut changes).await, ["removed", "added 1"]);
    assert_eq!(mark(&registry).await, "00010001");
}

#[tokio::test]
async fn a_folder_that_cannot_be_looked_through_keeps_what_it_had() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let registry = site.open().await;
    fs::rename(site.path("user"), site.path("away")).unwrap();
    fs::write(site.path("user"), "a file in its place").unwrap();
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(found(&snapshot), ["org.example.one active", "? failed"]);
}

#[tokio::test]
async fn sessions_end_with_their_version_and_the_next_call_is_told() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let mut options = site.options();
    let settings = PluginSettings {
        instances: Some(InstancePolicy::Session),
        ..PluginSettings::default()
    };
    options.plugins = BTreeMap::from([(id(ID), settings)]);
    let host = host();
    let registry = host.open_registry(options).await.unwrap();
    let count = async |session: &str| {
        let options = CallOptions {
            session: Some(session.into()),
            ..CallOptions::default()
        };
        let output = registry
            .call(&id(ID), "count", json!({}), options)
            .await
            .unwrap();
        (output.text().trim().to_owned(), output.session_rebuilt)
    };
    assert_eq!(count("a").await, ("1".into(), false));
    assert_eq!(count("a").await, ("2".into(), false));
    assert_eq!(count("b").await, ("1".into(), false));
    site.install("one.wasm", &version(2));
    registry.refresh().await.unwrap();
    assert_eq!(host.stats().open_sessions, 0);
    assert_eq!(count("a").await, ("1".into(), true));
    assert_eq!(count("a").await, ("2".into(), false));
    assert_eq!(count("new").await, ("1".into(), false));
    // Also where a version came and went in between.
    site.install("one.wasm", &version(3));
    registry.refresh().await.unwrap();
    assert_eq!(count("b").await, ("1".into(), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_ends_what_runs() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let plugin = registry.snapshot().get(&id(ID)).unwrap().clone();
    let mut changes = host.subscribe();
    let other = registry.clone();
    let running = tokio::spawn(async move { call(&other, "spin").await });
    while host.stats().live_instances == 0 {
        tokio::task::yield_now().await;
    }
    site.trust(&format!("{}revoked = true\n", trusted(&key(1), "*")));
    let snapshot = registry.refresh().await.unwrap();
    let ended = running.await.unwrap().unwrap_err();
    assert!(matches!(ended, Error::Stopped), "{ended}");
    assert_eq!(found(&snapshot), ["org.example.one failed"]);
    assert!(
        why(&snapshot, ID).contains("revoked"),
        "{}",
        why(&snapshot, ID)
    );
    assert_eq!(told(&mut changes).await, ["removed", "failed"]);
    let later = plugin
        .call("marker", json!({}), CallOptions::default())
        .await;
    assert!(matches!(later, Err(Error::Stopped)));
    // Trusted again, it is there again.
    site.trust(&trusted(&key(1), "*"));
    assert_eq!(
        found(&registry.refresh().await.unwrap()),
        ["org.example.one active"]
    );
}

#[tokio::test]
async fn a_key_that_is_no_longer_trusted_ends_what_runs_and_another_one_leaves_it() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    plugin("org.other.two", 1).put(&site.user("two.wasm"), &[&key(2)]);
    let (one, two) = (trusted(&key(1), "*"), trusted(&key(2), "org.other.*"));
    site.trust(&format!("{one}{two}"));
    let registry = site.open().await;
    let before = registry.snapshot();
    assert_eq!(
        found(&before),
        ["org.example.one active", "org.other.two active"]
    );
    site.trust(&one);
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(
        found(&snapshot),
        ["org.example.one active", "org.other.two failed"]
    );
    assert_eq!(mark(&registry).await, "00010001");
}
