//! In which order plugins' handlers are asked.

use portcullis_host_agent::core::Plugin;
use portcullis_test_artifacts::WELL_HOOKS;
use serde_json::json;

use crate::support::*;

const GRANTS: [&str; 4] = [
    "hook:before-tool-call",
    "hook-content:before-tool-call",
    "hook-gate:before-tool-call",
    "action:set-ui-status",
];

/// How often plugins are published anew, each time found in another order.
const PUBLICATIONS: usize = 1_000;

#[tokio::test]
async fn handlers_of_one_priority_are_asked_by_their_plugins_ids_whoever_was_found_first() {
    let stage = Stage::new();
    let mut plugins = Vec::new();
    for id in ["org.example.c", "org.example.a", "org.example.b"] {
        plugins.push(stage.load(WELL_HOOKS, id, &GRANTS).await);
    }
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..PUBLICATIONS {
        random.shuffle(&mut plugins);
        stage.publish(&plugins.iter().collect::<Vec<&Plugin>>());
        let called = stage.call("read_file", json!({ "text": "hello" })).await;
        let asked: Vec<_> = called
            .intents
            .iter()
            .map(|one| one.author.to_string())
            .collect();
        assert_eq!(asked, ["org.example.a", "org.example.b", "org.example.c"]);
    }
    stage.extensions.hooks().drain().await;
    stage.nothing_runs();
}
