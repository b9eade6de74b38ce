//! A folder, a host, a plugin that does what it is told, and the trail of what was decided.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use portcullis_host_core::{
    AuditRecord, AuditSink, CallOptions, Capability, DenyCode, Error, Grant, Host, HostBuilder,
    LimitOverrides, LoadOptions, Plugin, Resolve,
};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The version of WASI that the guest is written against.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    P2,
    P3,
}

/// Runs a test through WASI 0.2 and 0.3.
macro_rules! both_ways {
    ($($(#[$meta:meta])* async fn $name:ident($way:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn test($way: $crate::support::Way) $body

            #[tokio::test]
            async fn p2() {
                test($crate::support::Way::P2).await;
            }

            #[tokio::test]
            async fn p3() {
                test($crate::support::Way::P3).await;
            }
        }
    )*};
}
pub(crate) use both_ways;

impl Way {
    pub(crate) fn files(self) -> &'static str {
        match self {
            Self::P2 => guests::HOSTILE_FILES,
            Self::P3 => guests::HOSTILE_FILES_P3,
        }
    }

    pub(crate) fn sockets(self) -> &'static str {
        match self {
            Self::P2 => guests::HOSTILE_SOCKETS,
            Self::P3 => guests::HOSTILE_SOCKETS_P3,
        }
    }
}

/// Answers lookups as it was told, and counts them; a name that it was not told of is never answered.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) answers: Mutex<HashMap<String, Vec<IpAddr>>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = self.answers.lock().unwrap().get(name).cloned();
        match answer {
            Some(addresses) => Ok(addresses),
            None => std::future::pending().await,
        }
    }
}

impl Names {
    pub(crate) fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        let mut answers = self.answers.lock().unwrap();
        answers.insert(name.to_owned(), addresses.collect());
    }
}

/// An audit trail that is kept.
#[derive(Default)]
pub(crate) struct Trail(Mutex<Vec<AuditRecord>>);

impl AuditSink for Trail {
    fn record(&self, record: AuditRecord) {
        // Loads have tests of their own.
        if record.load.is_none() {
            self.0.lock().unwrap().push(record);
        }
    }
}

impl Trail {
    /// What was recorded since the last time.
    pub(crate) fn take(&self) -> Vec<AuditRecord> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// That something was denied with this code, and nothing with another.
    pub(crate) fn has_denied(&self, code: DenyCode) {
        let records = self.take();
        let codes: Vec<_> = records.iter().filter_map(|record| record.code).collect();
        assert!(!codes.is_empty(), "no denial in {records:?}");
        assert!(codes.iter().all(|found| *found == code), "{records:?}");
    }

    /// The rules by which something was allowed, and that nothing was denied.
    pub(crate) fn rules(&self) -> Vec<String> {
        let rule = |record: AuditRecord| {
            assert_eq!(record.code, None, "{record:?}");
            record.rule.expect("what is allowed has a rule").to_string()
        };
        self.take().into_iter().map(rule).collect()
    }
}

/// A folder for the test, and a host whose decisions are kept.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) trail: Arc<Trail>,
    pub(crate) names: Arc<Names>,
    pub(crate) host: Host,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|host| host)
    }

    pub(crate) fn with(change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let (trail, names) = (Arc::new(Trail::default()), Arc::new(Names::default()));
        names.set("ipv4only.arpa", &[]);
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let host = Host::builder()
            .cache_dir(cache)
            .audit_sink(trail.clone())
            .resolver(names.clone())
            .network(true)
            .max_in_flight(16);
        Self {
            folder: tempfile::tempdir().unwrap(),
            host: change(host).build().unwrap(),
            trail,
            names,
        }
    }

    /// A path in the folder; the folder's own is canonical.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// A new folder in the folder.
    pub(crate) fn make(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub(crate) async fn load(&self, guest: &str, allow: &[String]) -> Plugin {
        self.load_with(guest, allow, |_| ()).await.unwrap()
    }

    pub(crate) async fn load_with(
        &self,
        guest: &str,
        allow: &[String],
        change: impl FnOnce(&mut LimitOverrides),
    ) -> Result<Plugin, Error> {
        let allow = allow.iter().map(|text| text.parse::<Capability>().unwrap());
        let mut limits = LimitOverrides::default();
        change(&mut limits);
        let options = LoadOptions {
            grant: allow.fold(Grant::none(), Grant::allow),
            limits,
            ..LoadOptions::default()
        };
        self.host.load_with(guest, options).await
    }
}

/// The grant of a folder, under a name for the guest.
pub(crate) fn folder(access: &str, path: &Path, name: &str) -> String {
    format!("fs:{access}:{}=>{name}", path.display())
}

/// Has the plugin do something, and gives what came of it.
pub(crate) async fn act(plugin: &Plugin, act: Value) -> String {
    try_act(plugin, act).await.unwrap()
}

pub(crate) async fn try_act(plugin: &Plugin, act: Value) -> Result<String, Error> {
    let output = plugin.call("act", act, CallOptions::default()).await?;
    Ok(output.text().to_string())
}

/// One thing to do with one path.
pub(crate) fn one(what: &str, path: &str) -> Value {
    json!({"what": what, "path": path})
}

/// With two.
pub(crate) fn two(what: &str, path: &str, to: &str) -> Value {
    json!({"what": what, "path": path, "to": to})
}

/// With a path and a number.
pub(crate) fn many(what: &str, path: &str, number: u64) -> Value {
    json!({"what": what, "path": path, "number": number})
}
