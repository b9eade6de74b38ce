//! The host's process.

use std::sync::{Arc, Mutex};

use portcullis_host_core::{CallOptions, DenyCode, Grant, LogLine, LogSink};
use portcullis_test_artifacts as guests;
use serde_json::json;

use crate::support::{Stage, act, one};

/// Set by cargo for every test.
const VARIABLE: &str = "CARGO_MANIFEST_DIR";

#[tokio::test]
async fn nothing_of_the_process_is_there_without_a_grant() {
    let stage = Stage::new();
    let guest = guests::HOSTILE_FILES;
    let plugin = stage.host.load(guest, Grant::none()).await.unwrap();
    assert_eq!(act(&plugin, one("variable", VARIABLE)).await, "unset");
    assert_eq!(act(&plugin, one("variables", "")).await, "0");
    assert_eq!(act(&plugin, one("arguments", "")).await, "0");
    assert_eq!(act(&plugin, one("input", "")).await, "");
}

#[tokio::test]
async fn a_variable_is_granted_and_no_other() {
    let stage = Stage::new();
    let allow = [format!("env:{VARIABLE}"), "env:NOBODY_SET_THIS".to_owned()];
    let plugin = stage.load(guests::HOSTILE_FILES, &allow).await;
    let value = std::env::var(VARIABLE).unwrap();
    assert_eq!(act(&plugin, one("variable", VARIABLE)).await, value);
    assert_eq!(act(&plugin, one("variables", "")).await, "1");
    let rules = stage.trail.rules();
    assert!(rules.contains(&allow[0]), "{rules:?}");
}

#[tokio::test]
async fn arguments_are_granted() {
    let stage = Stage::new();
    let plugin = stage
        .load(guests::HOSTILE_FILES, &["args".to_owned()])
        .await;
    let arguments = std::env::args().count().to_string();
    assert_eq!(act(&plugin, one("arguments", "")).await, arguments);
}

#[tokio::test]
async fn clocks_and_random_numbers_can_be_denied() {
    let stage = Stage::new();
    let guest = guests::HOSTILE_FILES;
    let free = stage.host.load(guest, Grant::none()).await.unwrap();
    assert_ne!(act(&free, one("now", "")).await, "0");
    assert_ne!(
        act(&free, one("random", "")).await,
        act(&free, one("random", "")).await
    );
    stage.trail.take();

    let deny = |grant: Grant, word: &str| grant.deny(word.parse().unwrap());
    let grant = ["clocks", "random"].into_iter().fold(Grant::none(), deny);
    let denied = stage.host.load(guest, grant).await.unwrap();
    assert_eq!(act(&denied, one("now", "")).await, "0");
    stage.trail.has_denied(DenyCode::DeniedByOperator);
    assert_eq!(
        act(&denied, one("random", "")).await,
        act(&denied, one("random", "")).await
    );
}

/// What guests said.
#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl LogSink for Said {
    fn log(&self, line: LogLine) {
        self.0.lock().unwrap().push(line.message);
    }
}

#[tokio::test]
async fn the_log_can_be_denied() {
    let said = Arc::new(Said::default());
    let stage = Stage::with(|host| host.log_sink(said.clone()));
    let deny = Grant::none().deny("log".parse().unwrap());
    for (grant, expected) in [(Grant::none(), vec!["heard"]), (deny, vec![])] {
        let plugin = stage.host.load(guests::WELL_TOOLS, grant).await.unwrap();
        let message = json!({"message": "heard"});
        let options = CallOptions::default();
        plugin.call("note", message, options).await.unwrap();
        assert_eq!(std::mem::take(&mut *said.0.lock().unwrap()), expected);
    }
}
