//! State as guests see it: who may, whose it is, how much of it, and what the audit trail says.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_core::{
    AuditRecord, AuditSink, CallOptions, Capability, DenyCode, Error, FileState, Grant, Host,
    Identity, LimitOverrides, LoadOptions, MemoryState, Plugin, StateEntry, StateError, StateStore,
    StateWrite, Verdict,
};
use portcullis_host_policy::manifest::section;
use portcullis_test_artifacts::*;
use serde_json::{Value, json};

use crate::support::*;

/// A sink that keeps what it gets.
#[derive(Default)]
struct Records(Mutex<Vec<AuditRecord>>);

impl AuditSink for Records {
    fn record(&self, record: AuditRecord) {
        // Loads have tests of their own.
        if record.load.is_none() {
            self.0.lock().unwrap().push(record);
        }
    }
}

impl Records {
    fn take(&self) -> Vec<AuditRecord> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn granted(capability: &str) -> Grant {
    Grant::from_caps([capability.parse().unwrap()])
}

fn host_on(folder: &Path) -> Host {
    builder().state_dir(folder).build().unwrap()
}

async fn set(plugin: &Plugin, key: &str, value: &str) -> Value {
    let arguments = json!({ "key": key, "value": value, "sync": false });
    ask(plugin, "set", arguments).await
}

async fn get(plugin: &Plugin, key: &str) -> Value {
    ask(plugin, "get", json!({ "key": key, "sync": false })).await
}

/// The code and whether it may be tried again, of a tool's error.
fn told(error: &Error) -> (&str, bool) {
    match error {
        Error::Tool(error) | Error::Denied { error, .. } => (&error.code, error.retryable),
        other => panic!("{other:?}"),
    }
}

/// The guest under another name and with other bytes: a plugin that claims to be it.
fn with_manifest(manifest: &str) -> Vec<u8> {
    section::embed(&std::fs::read(WELL_STORE).unwrap(), manifest).unwrap()
}

on_both_runtimes! {
    async fn what_a_plugin_keeps_is_kept_apart_for_each_principal() {
        let host = builder().state_store(Arc::new(MemoryState::default())).build().unwrap();
        let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
        let call = async |principal: Option<&str>, tool: &str, arguments: Value| {
            let options = options(|options| options.principal = principal.map(Arc::from));
            let output = plugin.call(tool, arguments, options).await.unwrap();
            output.structured.unwrap_or_default()
        };
        let write = |value: &str| json!({ "key": "a", "value": value, "sync": false });
        let read = json!({ "key": "a", "sync": false });
        for principal in [None, Some("ada"), Some("bob")] {
            assert_eq!(call(principal, "get", read.clone()).await, Value::Null, "{principal:?}");
            call(principal, "set", write(principal.unwrap_or("nobody"))).await;
        }
        for principal in [None, Some("ada"), Some("bob")] {
            let got = call(principal, "get", read.clone()).await;
            assert_eq!(got[0], principal.unwrap_or("nobody"));
        }
    }

    async fn what_a_plugin_keeps_is_there_for_its_next_call_through_either_interface() {
        for sync in [false, true] {
            let host = builder().state_store(Arc::new(MemoryState::default())).build().unwrap();
            let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
            let set = async |value: &str, expected: Value| {
                let arguments = json!({ "key": "a", "value": value, "expected": expected, "sync": sync });
                plugin.call("set", arguments, Default::default()).await
            };
            let get = json!({ "key": "a", "sync": sync });
            assert_eq!(ask(&plugin, "get", get.clone()).await, Value::Null);
            let version = json!(set("one", json!("")).await.unwrap().text());
            let stale = set("two", json!("")).await.unwrap_err();
            assert_eq!(told(&stale), ("conflict", true));
            assert_eq!(ask(&plugin, "get", get.clone()).await, json!(["one", version]));
            set("two", version).await.unwrap();
            set("three", Value::Null).await.unwrap();
            let keys = json!({ "prefix": "", "limit": 9, "sync": sync });
            assert_eq!(ask(&plugin, "keys", keys.clone()).await, json!(["a"]));
            ask(&plugin, "delete", json!({ "key": "a", "sync": sync })).await;
            assert_eq!(ask(&plugin, "keys", keys).await, json!([]));
            let invalid = fail(&plugin, "get", json!({ "key": "", "sync": sync })).await;
            assert_eq!(told(&invalid), ("invalid", false));
        }
    }
}

#[tokio::test]
async fn state_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    for (before, after) in [(Value::Null, "1"), (json!("1"), "2")] {
        let plugin = host_on(&folder)
            .load(WELL_STORE, granted("state"))
            .await
            .unwrap();
        let found = get(&plugin, "runs").await;
        assert_eq!(found.get(0).unwrap_or(&Value::Null), &before);
        set(&plugin, "runs", after).await;
    }
}

#[tokio::test]
async fn without_a_grant_state_is_denied_and_the_operator_is_told_what_to_grant() {
    let store = Arc::new(MemoryState::default());
    let host = builder().state_store(store.clone()).build().unwrap();
    let plugin = host.load(WELL_STORE, Grant::none()).await.unwrap();
    for sync in [false, true] {
        let arguments = json!({ "key": "a", "value": "1", "sync": sync });
        let error = fail(&plugin, "set", arguments).await;
        assert_eq!(told(&error), ("denied", false));
        let Error::Denied { error, denials } = error else {
            panic!("{error:?}")
        };
        assert!(!error.message.contains("--allow"), "{}", error.message);
        assert_eq!(denials[0].remedies[0].to_string(), "--allow 'state'");
    }
    assert_eq!(store.keys(plugin.identity(), "", 9).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_manifest_s_quota_is_what_the_remedy_grants() {
    let manifest = "[plugin]\nid = \"org.example.notes\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"state:2KiB\"]\n";
    let host = builder()
        .state_store(Arc::new(MemoryState::default()))
        .build()
        .unwrap();
    let plugin = host
        .load(with_manifest(manifest), Grant::none())
        .await
        .unwrap();
    let error = fail(&plugin, "get", json!({ "key": "a", "sync": false })).await;
    let Error::Denied { denials, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(denials[0].remedies[0].to_string(), "--allow 'state:2KiB'");
    // The operator's larger grant does not widen what was asked for.
    let plugin = host
        .load(with_manifest(manifest), granted("state"))
        .await
        .unwrap();
    assert_eq!(
        ask(&plugin, "fill", json!({ "entries": 9 })).await,
        json!([1, "quota-exceeded"])
    );
}

#[tokio::test]
async fn the_quota_is_the_grant_s_or_else_the_operator_s_limit() {
    let records = Arc::new(Records::default());
    let host = builder()
        .state_store(Arc::new(MemoryState::default()))
        .audit_sink(records.clone())
        .build()
        .unwrap();
    let limits = LimitOverrides {
        state_bytes: Some(5 * 1_100),
        ..LimitOverrides::default()
    };
    let options = LoadOptions {
        grant: granted("state"),
        limits,
        ..LoadOptions::default()
    };
    let plugin = host.load_with(WELL_STORE, options).await.unwrap();
    assert_eq!(
        ask(&plugin, "fill", json!({ "entries": 9 })).await,
        json!([5, "quota-exceeded"])
    );
    let last = records.take().pop().unwrap();
    assert_eq!(
        (last.decision, last.code),
        (Verdict::Deny, Some(DenyCode::OverLimit))
    );
    let plugin = host.load(WELL_STORE, granted("state:1MiB")).await.unwrap();
    assert_eq!(
        ask(&plugin, "fill", json!({ "entries": 9 })).await,
        json!([9, null])
    );
}

#[tokio::test]
async fn a_call_s_use_of_state_is_one_record_that_says_nothing_of_keys_and_values() {
    let records = Arc::new(Records::default());
    let host = builder()
        .state_store(Arc::new(MemoryState::default()))
        .audit_sink(records.clone())
        .build()
        .unwrap();
    let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
    assert_eq!(records.take(), [], "the probe asks for nothing");
    set(&plugin, "hush-key", "hush-value").await;
    assert_eq!(
        ask(&plugin, "insist", json!({ "times": 50 })).await,
        json!(["ok"])
    );
    let written = records.take();
    assert_eq!(written.len(), 2, "one for each call");
    for record in &written {
        assert_eq!(record.decision, Verdict::Allow);
        assert_eq!(record.rule, Some(Capability::State(None)));
        let line = serde_json::to_string(record).unwrap();
        assert!(!line.contains("hush"), "{line}");
    }
    let denied = host.load(WELL_STORE, Grant::none()).await.unwrap();
    assert_eq!(
        ask(&denied, "insist", json!({ "times": 50 })).await,
        json!(["denied"])
    );
    let written = records.take();
    assert_eq!(
        (written.len(), written[0].code),
        (1, Some(DenyCode::NotGranted))
    );
}

#[tokio::test]
async fn revoking_ends_the_use_of_state() {
    let host = builder()
        .state_store(Arc::new(MemoryState::default()))
        .build()
        .unwrap();
    let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
    set(&plugin, "a", "1").await;
    plugin.revoke();
    let error = fail(&plugin, "get", json!({ "key": "a", "sync": false })).await;
    assert_eq!(told(&error), ("denied", false));
}

/// A store over which the test has a hand.
struct Handled {
    store: MemoryState,
    on_get: Box<dyn Fn() -> bool + Send + Sync>,
}

#[async_trait]
impl StateStore for Handled {
    async fn get(&self, owner: Identity, key: &str) -> Result<Option<StateEntry>, StateError> {
        if (self.on_get)() {
            self.store.get(owner, key).await
        } else {
            std::future::pending().await
        }
    }

    async fn set(&self, owner: Identity, write: StateWrite) -> Result<String, StateError> {
        self.store.set(owner, write).await
    }

    async fn delete(&self, owner: Identity, key: &str) -> Result<(), StateError> {
        self.store.delete(owner, key).await
    }

    async fn keys(
        &self,
        owner: Identity,
        prefix: &str,
        limit: u32,
    ) -> Result<Vec<String>, StateError> {
        self.store.keys(owner, prefix, limit).await
    }
}

fn handled(on_get: impl Fn() -> bool + Send + Sync + 'static) -> Arc<Handled> {
    Arc::new(Handled {
        store: MemoryState::default(),
        on_get: Box::new(on_get),
    })
}

#[tokio::test]
async fn revoking_ends_the_use_of_state_within_a_call() {
    let running: Arc<OnceLock<Plugin>> = Arc::default();
    let (uses, plugin) = (AtomicU32::new(0), Arc::clone(&running));
    let store = handled(move || {
        if uses.fetch_add(1, Ordering::Relaxed) == 2 {
            plugin.get().expect("it runs").revoke();
        }
        true
    });
    let host = builder().state_store(store).build().unwrap();
    let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
    running.set(plugin.clone()).expect("once");
    let codes = ask(&plugin, "insist", json!({ "times": 9 })).await;
    assert_eq!(codes, json!(["ok", "denied"]));
}

on_both_runtimes! {
    async fn a_store_that_hangs_ends_with_its_call_and_holds_up_nobody() {
        let host = builder().state_store(handled(|| false)).build().unwrap();
        let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
        for sync in [false, true] {
            let short = options(|options| options.timeout = Some(Duration::from_millis(200)));
            let stuck = fail_with(&plugin, "get", json!({ "key": "a", "sync": sync }), short);
            let neighbour = async {
                let other = host.load(WELL_GREET, Grant::none()).await.unwrap();
                ask(&other, &other.tools()[0].name, json!({ "name": "Ada" })).await
            };
            let (stuck, _) = tokio::join!(stuck, neighbour);
            assert!(matches!(stuck, Error::DeadlineExceeded { .. }), "{stuck:?}");
        }
    }
}

#[tokio::test]
async fn an_unsigned_file_that_claims_another_s_id_gets_none_of_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let manifest = |description: &str| {
        format!(
            "[plugin]\nid = \"org.example.notes\"\nversion = \"1.0.0\"\ndescription = \"{description}\"\n\
             [capabilities]\nrequest = [\"state\"]\n"
        )
    };
    let (owners, claimants) = (
        with_manifest(&manifest("Keeps notes.")),
        with_manifest(&manifest("Keeps notes!")),
    );
    let host = host_on(&folder);
    let owner = host.load(owners.clone(), granted("state")).await.unwrap();
    set(&owner, "diary", "mine").await;

    let claimant = host.load(claimants, granted("state")).await.unwrap();
    assert_eq!(owner.id(), claimant.id());
    assert_ne!(owner.identity(), claimant.identity());
    assert_eq!(get(&claimant, "diary").await, Value::Null);
    let keys = json!({ "prefix": "", "limit": 9, "sync": false });
    assert_eq!(ask(&claimant, "keys", keys).await, json!([]));
    ask(
        &claimant,
        "delete",
        json!({ "key": "diary", "sync": false }),
    )
    .await;
    set(&claimant, "diary", "theirs").await;

    // The same bytes get it back, whoever loads them after a restart and under whatever file name.
    drop((host, owner));
    let again = host_on(&folder)
        .load(owners, granted("state"))
        .await
        .unwrap();
    assert_eq!(get(&again, "diary").await[0], "mine");
}

#[tokio::test]
async fn a_damaged_store_is_unavailable_to_the_guest_and_explained_to_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let lines = Arc::new(Lines::default());
    let host = builder()
        .state_dir(&folder)
        .log_sink(lines.clone())
        .build()
        .unwrap();
    let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
    set(&plugin, "a", "1").await;
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, "garbage").unwrap();
    let error = fail(&plugin, "get", json!({ "key": "a", "sync": false })).await;
    assert_eq!(told(&error), ("unavailable", false));
    assert!(
        !error.to_string().contains(folder.to_str().unwrap()),
        "{error}"
    );
    assert!(
        lines
            .messages()
            .iter()
            .any(|line| line.contains("is damaged")),
        "{:?}",
        lines.messages()
    );
    // Its neighbours are undisturbed.
    let other = host.load(
        with_manifest(
            "[plugin]\nid = \"b\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"state\"]\n",
        ),
        granted("state"),
    );
    set(&other.await.unwrap(), "a", "1").await;
}

#[tokio::test]
async fn what_state_calls_carry_is_limited() {
    let host = builder()
        .state_store(Arc::new(MemoryState::default()))
        .build()
        .unwrap();
    let limits = LimitOverrides {
        host_call_bytes: Some(3_000),
        ..LimitOverrides::default()
    };
    let options = LoadOptions {
        grant: granted("state"),
        limits,
        ..LoadOptions::default()
    };
    let plugin = host.load_with(WELL_STORE, options).await.unwrap();
    let error = fail(&plugin, "fill", json!({ "entries": 9 })).await;
    assert!(matches!(error, Error::LimitExceeded { .. }), "{error:?}");
    set(&plugin, "a", "1").await;
}

#[tokio::test]
async fn a_store_of_the_program_s_own_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FileState::new(folder.path().join("elsewhere")));
    let host = builder().state_store(store.clone()).build().unwrap();
    let plugin = host.load(WELL_STORE, granted("state")).await.unwrap();
    set(&plugin, "a", "1").await;
    let kept = store.get(plugin.identity(), "a").await.unwrap().unwrap();
    assert_eq!(kept.value, b"1");
}

#[tokio::test]
async fn what_is_granted_to_one_call_is_gone_with_it_and_taken_back_with_the_rest() {
    let host = builder().build().unwrap();
    let plugin = host.load(WELL_STORE, Grant::none()).await.unwrap();
    let arguments = || json!({ "key": "a", "value": "b", "sync": false });
    let more = || CallOptions {
        grants: vec!["state".parse().unwrap()],
        ..CallOptions::default()
    };
    plugin.call("set", arguments(), more()).await.unwrap();
    let without = plugin.call("set", arguments(), CallOptions::default());
    assert!(matches!(without.await.unwrap_err(), Error::Denied { .. }));
    plugin.revoke();
    let taken_back = plugin.call("set", arguments(), more());
    assert!(matches!(
        taken_back.await.unwrap_err(),
        Error::Denied { .. }
    ));
}
