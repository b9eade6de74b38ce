//! Secrets as guests see them: whose they are, what is told of them, and what the operator hears.

use std::sync::{Arc, Mutex};

use portcullis_host_core::secret::{Binding, MemorySecrets, SecretStore};
use portcullis_host_core::{
    AuditRecord, AuditSink, Capability, Digest, Error, Grant, Host, Identity, LogLevel, Verdict,
};
use portcullis_host_policy::manifest::section;
use portcullis_test_artifacts::*;
use serde_json::{Value, json};

use crate::support::*;

/// Letters and hyphens alone: nothing but the vault takes it for a secret.
const VALUE: &str = "correct-horse-battery-staple";

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
    /// What was decided, as `verdict capability request`.
    fn take(&self) -> Vec<String> {
        let records = std::mem::take(&mut *self.0.lock().unwrap());
        let line = |record: AuditRecord| {
            let verdict = match record.decision {
                Verdict::Allow => "allow",
                Verdict::Deny => "deny",
            };
            format!("{verdict} {}", record.request)
        };
        records.into_iter().map(line).collect()
    }
}

struct Stage {
    host: Host,
    records: Arc<Records>,
    lines: Arc<Lines>,
}

/// A host that keeps API_KEY, bound to the guest as it is, and OTHER, bound to somebody else.
async fn stage() -> Stage {
    let store = MemorySecrets::new();
    for name in ["API_KEY", "OTHER"] {
        store
            .set(&name.parse().unwrap(), VALUE.into())
            .await
            .unwrap();
    }
    let guest = Digest::of(&std::fs::read(WELL_SECRETS).unwrap());
    let bind = |name: &str, identity| Binding {
        secret: name.parse().unwrap(),
        identity,
        to: "https://api.example.com".parse().unwrap(),
        placement: "bearer".parse().unwrap(),
    };
    let (records, lines) = (Arc::<Records>::default(), Arc::<Lines>::default());
    let host = builder()
        .secrets(Arc::new(store))
        .bindings(vec![
            bind("API_KEY", Identity::Digest(*guest.as_bytes())),
            bind("OTHER", Identity::Digest([7; 32])),
        ])
        .audit_sink(records.clone())
        .log_sink(lines.clone());
    Stage {
        host: host.build().unwrap(),
        records,
        lines,
    }
}

fn granted(capabilities: &[&str]) -> Grant {
    let parsed = capabilities
        .iter()
        .map(|text| text.parse::<Capability>().unwrap());
    Grant::from_caps(parsed)
}

const EVERYTHING: &[&str] = &["secret:API_KEY", "secret:OTHER", "secret:NOBODY"];

async fn exist(plugin: &portcullis_host_core::Plugin) -> Value {
    let names = ["API_KEY", "OTHER", "NOBODY", "no name", ""];
    ask(plugin, "exist", json!({ "names": names })).await
}

#[tokio::test]
async fn a_secret_exists_where_it_is_bound_and_granted_and_a_guess_tells_nothing() {
    let Stage { host, records, .. } = stage().await;
    let plugin = host.load(WELL_SECRETS, granted(EVERYTHING)).await.unwrap();
    assert_eq!(
        exist(&plugin).await,
        json!([true, false, false, false, false])
    );
    let plugin = host.load(WELL_SECRETS, Grant::none()).await.unwrap();
    records.take();
    assert_eq!(
        exist(&plugin).await,
        json!([false, false, false, false, false])
    );
    assert_eq!(
        records.take(),
        [
            "deny secret:API_KEY",
            "deny secret:OTHER",
            "deny secret:NOBODY"
        ]
    );
}

#[tokio::test]
async fn an_unsigned_file_with_another_plugin_s_id_gets_none_of_its_secrets() {
    let manifest = "[plugin]\nid = \"well-secrets\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"secret:API_KEY\"]\n";
    let impostor = section::embed(&std::fs::read(WELL_SECRETS).unwrap(), manifest).unwrap();
    let Stage { host, .. } = stage().await;
    let real = host.load(WELL_SECRETS, granted(EVERYTHING)).await.unwrap();
    let impostor = host.load(impostor, granted(EVERYTHING)).await.unwrap();
    assert_eq!(real.id(), impostor.id());
    assert_eq!(exist(&real).await[0], true);
    assert_eq!(exist(&impostor).await[0], false);
    let error = fail(&impostor, "reveal", json!({ "name": "API_KEY" })).await;
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
}

#[tokio::test]
async fn revealing_needs_a_grant_of_its_own_and_is_said_loudly() {
    let Stage {
        host,
        records,
        lines,
    } = stage().await;
    let plugin = host.load(WELL_SECRETS, granted(EVERYTHING)).await.unwrap();
    for name in ["API_KEY", "OTHER", "NOBODY", "no name"] {
        let error = fail(&plugin, "reveal", json!({ "name": name })).await;
        let told = match error {
            Error::Denied { error, .. } | Error::Tool(error) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (told.code.as_str(), told.message.as_str()),
            ("denied", "not granted"),
            "{name}"
        );
    }
    records.take();

    let plugin = host
        .load(WELL_SECRETS, granted(&["secret-reveal:API_KEY"]))
        .await
        .unwrap();
    assert_eq!(
        ask(&plugin, "reveal", json!({ "name": "API_KEY" })).await,
        VALUE
    );
    assert_eq!(records.take(), ["allow secret-reveal:API_KEY"]);
    let said = lines.all();
    let warning = said
        .iter()
        .find(|line| line.level == LogLevel::Warn)
        .expect("a warning");
    assert!(
        warning.message.contains("API_KEY was revealed"),
        "{}",
        warning.message
    );

    let denied = granted(&["secret-reveal:API_KEY"]).deny("secret:API_KEY".parse().unwrap());
    let plugin = host.load(WELL_SECRETS, denied).await.unwrap();
    fail(&plugin, "reveal", json!({ "name": "API_KEY" })).await;
}

#[tokio::test]
async fn what_was_taken_back_is_not_revealed_to_a_loaded_plugin() {
    let Stage { host, .. } = stage().await;
    let plugin = host
        .load(WELL_SECRETS, granted(&["secret-reveal:API_KEY"]))
        .await
        .unwrap();
    plugin.revoke();
    fail(&plugin, "reveal", json!({ "name": "API_KEY" })).await;
    assert_eq!(exist(&plugin).await[0], false);
}

#[tokio::test]
async fn a_revealed_value_stays_out_of_logs_and_of_what_a_panic_says() {
    let Stage {
        host,
        lines,
        records,
    } = stage().await;
    let plugin = host
        .load(WELL_SECRETS, granted(&["secret-reveal:API_KEY"]))
        .await
        .unwrap();
    assert_eq!(
        ask(&plugin, "talk", json!({ "name": "API_KEY" })).await,
        VALUE.len()
    );
    let said = lines.messages().join("\n");
    let blank = "*".repeat(VALUE.len());
    for from in ["stdout", "stderr", "log"] {
        assert!(said.contains(&format!("{from} {blank}")), "{said}");
    }
    let panic = fail(&plugin, "burst", json!({ "name": "API_KEY" })).await;
    assert!(
        panic.to_string().contains(&format!("it is {blank}")),
        "{panic}"
    );
    let shown = format!(
        "{said} {panic} {panic:?} {:?} {plugin:?} {host:?}",
        records.0.lock().unwrap()
    );
    assert!(!shown.contains(VALUE), "{shown}");
}

#[tokio::test]
async fn a_secret_that_is_bound_and_not_kept_fails_the_load_with_the_remedy() {
    let guest = Digest::of(&std::fs::read(WELL_SECRETS).unwrap());
    let binding = Binding {
        secret: "GONE".parse().unwrap(),
        identity: Identity::Digest(*guest.as_bytes()),
        to: "https://api.example.com".parse().unwrap(),
        placement: "bearer".parse().unwrap(),
    };
    let host = builder()
        .secrets(Arc::new(MemorySecrets::new()))
        .bindings(vec![binding]);
    let host = host.build().unwrap();
    let error = host
        .load(WELL_SECRETS, granted(&["secret:GONE"]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Secret(_)), "{error:?}");
    assert!(
        error.to_string().contains("`portcullis secret set GONE`"),
        "{error}"
    );
    // Without the grant nobody asks for it.
    host.load(WELL_SECRETS, Grant::none()).await.unwrap();
}
