//! A stage for each test: a host with a scripted resolver and a kept audit trail, and one guest for each way out.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_host_core::secret::{
    Binding, MemorySecrets, SecretName, SecretStore as _, SecretString,
};
use portcullis_host_core::{
    AuditRecord, AuditSink, CallOptions, Capability, DenyCode, Error, Grant, Host, HostBuilder,
    Identity, InstancePolicy, LimitOverrides, LoadOptions, Plugin, Resolve, Surroundings, Verdict,
};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::server::{PATIENCE, Server};

/// A way out of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// wasi:http 0.2.
    P2,
    /// wasi:http 0.3.
    P3,
    /// The SDK's client.
    Sdk,
}

impl Way {
    pub(crate) fn guest(self) -> &'static str {
        match self {
            Self::P2 => guests::HOSTILE_EGRESS_P2,
            Self::P3 => guests::HOSTILE_EGRESS_P3,
            Self::Sdk => guests::HOSTILE_EGRESS_SDK,
        }
    }
}

/// Runs a test through each way out.
macro_rules! through_every_way {
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

            #[tokio::test]
            async fn sdk() {
                test($crate::support::Way::Sdk).await;
            }

        }
    )*};
}
pub(crate) use through_every_way;

/// Answers lookups as it was told, and counts them.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    hanging: Mutex<HashSet<String>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    /// Answers `name` with `addresses` from now on.
    pub(crate) fn set(&self, name: &str, addresses: &[&str]) {
        self.script(name, &[addresses]);
    }

    /// Answers `name` with each of `answers` in turn, and with the last one from then on.
    pub(crate) fn script(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().rev().map(parse).collect();
        self.answers.lock().unwrap().insert(name.into(), answers);
    }

    /// Never answers `name`.
    pub(crate) fn hang(&self, name: &str) {
        self.hanging.lock().unwrap().insert(name.into());
    }

    /// The names that were looked up, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let hangs = self.hanging.lock().unwrap().contains(name);
        if hangs {
            std::future::pending::<()>().await;
        }
        let mut answers = self.answers.lock().unwrap();
        let left = answers.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(match left.len() {
            1 => left[0].clone(),
            _ => left.pop().unwrap_or_default(),
        })
    }
}

/// An audit trail that is kept.
#[derive(Default)]
pub(crate) struct Trail(watch::Sender<Vec<AuditRecord>>);

impl AuditSink for Trail {
    fn record(&self, record: AuditRecord) {
        // Loads have tests of their own.
        if record.load.is_none() {
            self.0.send_modify(|records| records.push(record));
        }
    }
}

impl Trail {
    /// What was recorded since the last time.
    pub(crate) fn take(&self) -> Vec<AuditRecord> {
        self.0.send_replace(Vec::new())
    }

    /// What was recorded since the last time, with an allowance: that is recorded when both bodies are done with, which
    /// the guest may have learned already.
    pub(crate) async fn take_allowed(&self) -> Vec<AuditRecord> {
        let allowed = |record: &AuditRecord| record.decision == Verdict::Allow;
        let mut records = self.0.subscribe();
        let waited = records.wait_for(|records| records.iter().any(allowed));
        drop(timeout(PATIENCE, waited).await);
        self.take()
    }
}

/// One host, one plugin.
pub(crate) struct Stage {
    pub(crate) way: Way,
    pub(crate) host: Host,
    pub(crate) names: Arc<Names>,
    pub(crate) trail: Arc<Trail>,
    pub(crate) plugin: Plugin,
}

/// A stage that is being set.
pub(crate) struct Setting {
    way: Way,
    names: Arc<Names>,
    trail: Arc<Trail>,
    host: HostBuilder,
    grant: Grant,
    limits: LimitOverrides,
    instances: Option<InstancePolicy>,
    secrets: Vec<(SecretName, SecretString)>,
    bindings: Vec<Binding>,
}

/// The folder in which all tests of a run keep compiled guests.
fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

pub(crate) fn stage(way: Way) -> Setting {
    let (names, trail) = (Arc::<Names>::default(), Arc::<Trail>::default());
    let host = Host::builder()
        .cache_dir(cache())
        .max_in_flight(8)
        .network(true)
        .surroundings(Surroundings::default())
        .resolver(names.clone())
        .audit_sink(trail.clone());
    let limits = LimitOverrides {
        // Tests share two cores; a call that takes longer than this hangs.
        wall_clock: Some(Duration::from_secs(30)),
        ..LimitOverrides::default()
    };
    Setting {
        way,
        names,
        trail,
        host,
        grant: Grant::none(),
        limits,
        instances: None,
        secrets: Vec::new(),
        bindings: Vec::new(),
    }
}

impl Setting {
    pub(crate) fn allow(mut self, capability: impl AsRef<str>) -> Self {
        self.grant = self.grant.allow(cap(capability));
        self
    }

    pub(crate) fn deny(mut self, capability: impl AsRef<str>) -> Self {
        self.grant = self.grant.deny(cap(capability));
        self
    }

    pub(crate) fn name(self, name: &str, addresses: &[&str]) -> Self {
        self.names.set(name, addresses);
        self
    }

    pub(crate) fn limits(mut self, change: impl FnOnce(&mut LimitOverrides)) -> Self {
        change(&mut self.limits);
        self
    }

    pub(crate) fn host(mut self, change: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        self.host = change(self.host);
        self
    }

    /// Instances that serve one call after the other.
    pub(crate) fn reused(mut self) -> Self {
        self.instances = Some(InstancePolicy::Reuse);
        self
    }

    /// A secret that is granted to the plugin, and bound to requests of its.
    pub(crate) fn secret(mut self, name: &str, value: &str, to: &str, placement: &str) -> Self {
        let secret: SecretName = name.parse().unwrap();
        let component = std::fs::read(self.way.guest()).unwrap();
        self.secrets.push((secret.clone(), value.to_owned().into()));
        self.bindings.push(Binding {
            secret,
            identity: Identity::Digest(Sha256::digest(component).into()),
            to: to.parse().unwrap(),
            placement: placement.parse().unwrap(),
        });
        self.allow(format!("secret:{name}"))
    }

    pub(crate) async fn set(self) -> Stage {
        let store = MemorySecrets::new();
        for (name, value) in self.secrets {
            store.set(&name, value).await.unwrap();
        }
        let host = self.host.secrets(Arc::new(store)).bindings(self.bindings);
        let host = host.build().unwrap();
        let options = LoadOptions {
            grant: self.grant,
            limits: self.limits,
            instances: self.instances,
            ..LoadOptions::default()
        };
        let plugin = host.load_with(self.way.guest(), options).await.unwrap();
        Stage {
            way: self.way,
            host,
            names: self.names,
            trail: self.trail,
            plugin,
        }
    }
}

pub(crate) fn cap(text: impl AsRef<str>) -> Capability {
    text.as_ref().parse().unwrap()
}

/// What came of a request, as the guest saw it.
#[derive(Clone, Debug)]
pub(crate) struct Told(Value);

impl Told {
    /// `ok`, or the word that the guest was given.
    pub(crate) fn code(&self) -> &str {
        self.0["code"].as_str().unwrap()
    }

    pub(crate) fn status(&self) -> Option<u64> {
        self.0["status"].as_u64()
    }

    pub(crate) fn body(&self) -> &str {
        self.0["body"].as_str().unwrap()
    }

    pub(crate) fn length(&self) -> u64 {
        self.0["length"].as_u64().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.0["headers"].as_array().unwrap();
        let field = fields.iter().find(|field| field[0] == name)?;
        field[1].as_str()
    }

    /// Whether it was refused before it was handed over, by types that can't hold it.
    pub(crate) fn was_never_sent(&self) -> bool {
        self.0["at"] == "build"
    }

    /// All that the guest was told, to look for what it must not know.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }
}

/// A request: `GET http://host:port/path`, cut as WASI wants it, without reading it any further.
pub(crate) fn request(text: &str) -> Value {
    let (method, url) = text.split_once(' ').unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let cut = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    let path = (!path.is_empty()).then_some(path);
    json!({ "method": method, "scheme": scheme, "authority": authority, "path": path, "show": 4096 })
}

/// The request with one of its parts set.
pub(crate) fn with(mut request: Value, part: &str, value: impl Into<Value>) -> Value {
    request[part] = value.into();
    request
}

impl Stage {
    /// A second plugin on the same host: the same bytes, and a grant of its own.
    pub(crate) async fn neighbour(&self, capability: impl AsRef<str>) -> Plugin {
        let grant = Grant::none().allow(cap(capability));
        self.host.load(self.way.guest(), grant).await.unwrap()
    }

    pub(crate) async fn fetch(&self, text: &str) -> Told {
        self.send(request(text)).await
    }

    pub(crate) async fn send(&self, request: Value) -> Told {
        send(&self.plugin, request).await
    }

    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Result<Value, Error> {
        let output = self.plugin.call(tool, arguments, CallOptions::default());
        Ok(output.await?.structured.unwrap_or_default())
    }

    /// The request was denied with this code, and the trail says so; or it was nothing that could be asked for at all.
    #[track_caller]
    pub(crate) fn was_denied(&self, told: &Told, code: DenyCode) {
        let records = self.trail.take();
        assert_eq!(told.code(), code.guest().as_str(), "{told:?}");
        // The SDK's client has types of its own, which hold less than those of WASI.
        let unspeakable = told.was_never_sent() || self.way == Way::Sdk;
        if told.code() == "invalid" && unspeakable && records.is_empty() {
            return;
        }
        let denied = |record: &&AuditRecord| record.decision == Verdict::Deny;
        let denials: Vec<_> = records.iter().filter(denied).collect();
        assert_eq!(denials.len(), 1, "{records:?}");
        assert_eq!(denials[0].code, Some(code), "{records:?}");
        assert!(denials[0].reason.is_some() && denials[0].call.is_some());
    }

    /// The request was allowed, by this rule.
    pub(crate) async fn was_allowed(&self, told: &Told, rule: &str) {
        assert_eq!(told.code(), "ok", "{told:?} {:?}", self.trail.take());
        let records = self.trail.take_allowed().await;
        let allowed = |record: &AuditRecord| record.rule == Some(cap(rule));
        assert!(records.iter().any(allowed), "{records:?}");
        let denied = |record: &AuditRecord| record.decision == Verdict::Deny;
        assert!(!records.iter().any(denied), "{records:?}");
    }
}

impl Stage {
    /// The host is none the worse for it: another plugin's request goes through.
    pub(crate) async fn is_well(&self) {
        let server = Server::hello().await;
        let url = format!("http://127.0.0.1:{}", server.port());
        let neighbour = self.neighbour(format!("http:{url}")).await;
        let told = send(&neighbour, request(&format!("GET {url}/"))).await;
        assert_eq!(told.body(), "hello", "{told:?}");
        self.trail.take();
    }
}

pub(crate) async fn send(plugin: &Plugin, request: Value) -> Told {
    let arguments = json!({ "request": request });
    let called = plugin.call("fetch", arguments, CallOptions::default());
    Told(match called.await {
        Ok(output) => output.structured.unwrap(),
        // Who is caught carrying a secret away is told nothing at all: its call ends.
        Err(Error::Denied { error, .. }) => {
            json!({ "code": error.code, "body": "", "headers": [] })
        }
        Err(error) => panic!("{error}"),
    })
}
