//! Plugins that change while an agent is at work.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use portcullis_host_agent::core::{Lock, PluginDir, RegistryOptions, TrustError, TrustFolder};
use portcullis_host_agent::hook::Point;
use portcullis_test_artifacts::{BENCH_HOOK, WELL_HOOKS};
use serde_json::json;

use crate::support::*;

const RULES: &str = "org.example.rules";
const MARKER: &str = "org_example_one__marker";

#[tokio::test]
async fn a_turn_keeps_its_handlers_and_tools_and_the_next_has_the_new_ones() {
    let stage = Stage::new();
    let load = async |made: Made<'static>| {
        let options = Default::default();
        stage.host.load_with(made.bytes(), options).await.unwrap()
    };
    let forbids = stage.load(WELL_HOOKS, RULES, &TOOL_CALL).await;
    let old_tool = load(Made::default()).await;
    let turn = stage.publish(&[&forbids, &old_tool]);
    let forbidden = json!({ "text": "forbidden" });
    let first = stage
        .call_in(&turn.tools, &turn.hooks, "read_file", forbidden.clone())
        .await;
    assert!(first.cancelled.is_some());

    let allows = stage.load(BENCH_HOOK, RULES, &TOOL_CALL).await;
    let new_tool = load(Made {
        mark: "0002",
        ..Made::default()
    })
    .await;
    let next = stage.publish(&[&allows, &new_tool]);
    drop((forbids, old_tool));
    for (turn, mark, is_stopped) in [(&turn, "00010001", true), (&next, "00020002", false)] {
        let called = stage
            .call_in(&turn.tools, &turn.hooks, MARKER, json!({}))
            .await;
        assert_eq!(called.result.text(), mark);
        let called = stage
            .call_in(&turn.tools, &turn.hooks, "read_file", forbidden.clone())
            .await;
        assert_eq!(called.cancelled.is_some(), is_stopped);
    }
    stage.extensions.hooks().drain().await;
    stage.nothing_runs();
}

#[tokio::test]
async fn what_plugins_brought_goes_with_them() {
    let stage = Stage::new();
    let before = stage.extensions.snapshot();
    let plugin = stage.load(WELL_HOOKS, RULES, &TOOL_CALL).await;
    let with = stage.publish(&[&plugin]);
    let point = Point::named("before-tool-call").unwrap();
    assert!(with.hooks.has(point) && with.plugin(plugin.id()).is_some());
    let after = stage.publish(&[]);
    assert!(!after.hooks.has(point) && after.plugins().count() == 0);
    assert_eq!(after.tools.specs(), before.tools.specs());
}

#[tokio::test]
async fn an_agent_that_follows_a_registry_has_what_it_reloads() {
    let stage = Stage::new();
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("plugins");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("one.wasm");
    Made::default().put(&path, &key(1));
    let trust = TrustFolder::new(root.path().join("trust"));
    let trusted = format!(
        "[[key]]\npublic-key = \"{}\"\nplugins = [\"*\"]\n",
        key(1).public()
    );
    trust.edit_keys(|_| Ok::<_, TrustError>(trusted)).unwrap();
    trust
        .update_lock(|lock| *lock = Some(Lock::default()))
        .unwrap();
    let options = RegistryOptions::new(vec![PluginDir::user(&folder)], trust);
    let changes = stage.host.subscribe();
    let registry = stage.host.open_registry(options).await.unwrap();
    let follow = stage.extensions.follow(&registry, changes);
    let turn = stage.extensions.snapshot();
    assert_eq!(
        stage.call(MARKER, json!({})).await.result.text(),
        "00010001"
    );

    let updated = Made {
        version: "2.0.0",
        mark: "0002",
        ..Made::default()
    };
    updated.put(&path, &key(1));
    registry.refresh().await.unwrap();
    let followed = async {
        while Arc::ptr_eq(&turn, &stage.extensions.snapshot()) {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), followed).await;
    assert!(waited.is_ok(), "nothing came of the reload");
    assert_eq!(
        stage.call(MARKER, json!({})).await.result.text(),
        "00020002"
    );
    let old = stage
        .call_in(&turn.tools, &turn.hooks, MARKER, json!({}))
        .await;
    assert_eq!(old.result.text(), "00010001");
    drop(follow);
}
