//! Plugins that call each other's tools: one deadline and one permit for all of them, no cycles, and an end to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_core::{
    CallOptions, Chain, Error, ErrorKind, Host, HostBuilder, Invoke, Limits, Plugin, PluginId,
    ServiceCaller, Services, ToolError, ToolOutput,
};
use portcullis_host_policy::manifest::section;
use portcullis_test_artifacts::{HOSTILE_HOOKS, WELL_RELAY};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::*;

/// Other plugins' tools, as a registry would call them, with a note of each call.
#[derive(Default)]
struct Others {
    plugins: OnceLock<HashMap<PluginId, Plugin>>,
    asked: Mutex<Vec<(String, Instant)>>,
    failed: Mutex<Vec<Error>>,
}

#[async_trait]
impl Invoke for Others {
    async fn call(
        &self,
        caller: &ServiceCaller,
        plugin: &PluginId,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        let asked = (caller.chain.to_string(), caller.chain.deadline());
        self.asked.lock().unwrap().push(asked);
        let Some(callee) = self.plugins.get().and_then(|known| known.get(plugin)) else {
            return Err(ToolError::new("not-found", "there is no such plugin"));
        };
        let options = CallOptions {
            chain: Some(caller.chain.clone()),
            ..CallOptions::default()
        };
        let called = callee.call(tool, arguments, options).await;
        called.map_err(|error| {
            let told = match &error {
                Error::Tool(error) => error.clone(),
                other => ToolError::new(other.kind().to_string(), other.to_string()),
            };
            self.failed.lock().unwrap().push(error);
            told
        })
    }
}

impl Others {
    fn chains(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(chain, _)| chain.clone()).collect()
    }

    /// The first call that failed: the last link.
    fn failure(&self) -> Error {
        self.failed.lock().unwrap().remove(0)
    }
}

/// A host with plugins that are called by letters.
struct Stage {
    host: Host,
    others: Arc<Others>,
    plugins: HashMap<String, Plugin>,
}

impl Stage {
    /// Plugins each of which may call all.
    async fn new(names: &[&str]) -> Self {
        Self::on(builder(), names).await
    }

    async fn on(builder: HostBuilder, names: &[&str]) -> Self {
        Self::with(builder, names, |_| names.to_vec()).await
    }

    /// The same, where `may` says whom each may call.
    async fn with<'a>(
        builder: HostBuilder,
        names: &[&str],
        may: impl Fn(&str) -> Vec<&'a str>,
    ) -> Self {
        let others = Arc::new(Others::default());
        let services = Services {
            invoke: Some(others.clone()),
            ..Services::default()
        };
        let host = builder.services(services).build().unwrap();
        let mut plugins = HashMap::new();
        for name in names {
            plugins.insert((*name).to_owned(), relay(&host, name, &may(name)).await);
        }
        let known = plugins.values();
        let known = known.map(|plugin| (plugin.id().clone(), plugin.clone()));
        assert!(others.plugins.set(known.collect()).is_ok());
        Self {
            host,
            others,
            plugins,
        }
    }

    /// Calls the first, which calls the second, and so on.
    async fn relay(&self, chain: &str, ms: u64, options: CallOptions) -> Result<Value, Error> {
        let mut names = chain.split(' ');
        let first = &self.plugins[names.next().unwrap()];
        let to: Vec<_> = names.map(|name| format!("{name}/relay")).collect();
        let arguments = json!({ "to": to, "ms": ms });
        let output = first.call("relay", arguments, options).await?;
        Ok(output.structured.unwrap())
    }
}

/// The guest under another name.
fn named(guest: &str, name: &str, capabilities: &[String]) -> Vec<u8> {
    let manifest = format!(
        "[plugin]\nid = \"{name}\"\nversion = \"0.1.0\"\n[capabilities]\nrequest = {capabilities:?}\n"
    );
    section::embed(&std::fs::read(guest).unwrap(), &manifest).unwrap()
}

async fn relay(host: &Host, name: &str, names: &[&str]) -> Plugin {
    let may: Vec<_> = names
        .iter()
        .map(|other| format!("invoke:{other}/relay"))
        .collect();
    let grant: Vec<_> = may.iter().map(String::as_str).collect();
    let bytes = named(WELL_RELAY, name, &may);
    host.load(bytes, granted(&grant)).await.unwrap()
}

#[tokio::test]
async fn a_chain_needs_one_permit() {
    let stage = Stage::on(builder().max_in_flight(1), &["a", "b", "c"]).await;
    let called = stage.relay("a b c", 0, CallOptions::default()).await;
    assert_eq!(called.unwrap(), json!(["b/relay", "c/relay"]));
    assert_eq!(stage.others.chains(), ["a/relay", "a/relay → b/relay"]);
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn a_host_with_one_permit_has_room_for_the_longest_chain() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(names.len(), Chain::DEPTH);
    let stage = Stage::on(builder().max_in_flight(1), &names).await;
    let chain = names.join(" ");
    let called = stage.relay(&chain, 0, CallOptions::default());
    assert_eq!(called.await.unwrap().as_array().unwrap().len(), 7);
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn a_chain_has_a_greatest_depth() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let stage = Stage::new(&names).await;
    let chain = names.join(" ");
    let called = stage.relay(&chain, 0, CallOptions::default());
    assert_eq!(code(&called.await.unwrap_err()), "chain");
    let refused = stage.others.failure();
    assert_eq!(refused.kind(), ErrorKind::Chain);
    assert!(
        refused.to_string().contains("h/relay → i/relay"),
        "{refused}"
    );
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn a_chain_knows_no_cycle() {
    let stage = Stage::new(&["a", "b"]).await;
    for (cycle, shown) in [
        ("a a", "a/relay → a/relay"),
        ("a b a", "a/relay → b/relay → a/relay"),
        ("a b b", "a/relay → b/relay → b/relay"),
    ] {
        let called = stage.relay(cycle, 0, CallOptions::default()).await;
        assert_eq!(code(&called.unwrap_err()), "chain", "{cycle}");
        let refused = stage.others.failure();
        assert_eq!(refused.kind(), ErrorKind::Chain);
        assert!(refused.to_string().starts_with(shown), "{refused}");
        stage.others.failed.lock().unwrap().clear();
    }
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn a_chain_has_one_deadline() {
    let stage = Stage::new(&["a", "b", "c"]).await;
    let begun = Instant::now();
    let called = stage.relay("a b c", 60_000, short()).await;
    assert_eq!(called.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    let asked = stage.others.asked.lock().unwrap();
    let deadlines: Vec<_> = asked.iter().map(|(_, deadline)| *deadline).collect();
    assert_eq!(deadlines.len(), 2);
    assert_eq!(deadlines[0], deadlines[1]);
    assert!(deadlines[0] >= begun + Duration::from_millis(300));
    assert!(deadlines[0] <= Instant::now());
    drop(asked);
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn a_chain_that_nobody_waits_for_ends_with_all_its_links() {
    let stage = Stage::new(&["a", "b", "c"]).await;
    {
        let call = stage.relay("a b c", 60_000, within(Duration::from_secs(60)));
        let mut call = std::pin::pin!(call);
        let all_run = async {
            while stage.host.stats().live_instances < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ended = &mut call => panic!("{ended:?}"),
            () = all_run => {}
        }
        assert_eq!(stage.host.stats().calls_in_flight, 1);
    }
    nothing_runs(&stage.host);
}

#[tokio::test]
async fn each_link_has_its_own_grants() {
    // `b` may call nobody, whatever its callers may.
    let grants = |name: &str| if name == "b" { vec![] } else { vec!["b", "c"] };
    let stage = Stage::with(builder(), &["a", "b", "c"], grants).await;
    assert!(stage.relay("a c", 0, CallOptions::default()).await.is_ok());
    let called = stage.relay("a b c", 0, CallOptions::default()).await;
    assert_eq!(code(&called.unwrap_err()), "denied");
    let denied = stage.others.failure();
    assert_eq!(remedies(denied).len(), 2, "neither asked for nor granted");
}

#[tokio::test]
async fn a_link_that_has_no_room_now_is_busy() {
    let mut limits = Limits::default();
    limits.plugin.concurrent_calls = 1;
    let stage = Stage::on(builder().limits(limits), &["a", "b"]).await;
    let holding = stage.relay("b", 60_000, within(Duration::from_secs(60)));
    let mut holding = std::pin::pin!(holding);
    let runs = async {
        while stage.host.stats().live_instances < 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = &mut holding => panic!("{ended:?}"),
        () = runs => {}
    }
    // Waiting for it could be waiting for ever.
    let called = stage.relay("a b", 0, CallOptions::default()).await;
    assert_eq!(code(&called.unwrap_err()), "busy");
    assert_eq!(stage.others.failure().kind(), ErrorKind::Busy);
}

#[tokio::test]
async fn a_hook_begins_a_chain_too() {
    let stage = Stage::new(&["b"]).await;
    let may = ["invoke:b/relay".to_owned()];
    let hooks = named(HOSTILE_HOOKS, "org.example.hooks", &may);
    let hooks = stage.host.load(hooks, granted(&[&may[0]])).await.unwrap();
    let payload = json!({
        "session": "s", "turn": 1, "call_id": "c", "tool": "x/y", "arguments": { "tool": "b/relay" },
    });
    let told = hooks.on_event("invoke", "event-1", &payload, CallOptions::default());
    let Err(Error::Hook { code, .. }) = told.await else {
        panic!("the tool is called without what it takes")
    };
    assert_eq!(code, "invalid-arguments");
    assert_eq!(stage.others.chains(), ["org.example.hooks/hook invoke"]);
}
