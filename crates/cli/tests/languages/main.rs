//! Plugins in other languages than Rust: made by `new`, built by `build`, called by the command and in an agent.
//!
//! They need the languages' tools, so `cargo xtask test` runs them by name, once it has built the examples and put their
//! tools on the PATH; Cargo.toml keeps them out of a plain `cargo test`.

mod c;
mod cargo_component;
mod javascript;
mod python;
mod rust;
#[path = "../suite/support.rs"]
#[expect(dead_code, reason = "the other tests use all of it")]
mod support;

use crate::support::{Ran, call_message, portcullis, told};
use portcullis_host_agent::core::{Grant, Host, Plugin};
use portcullis_host_agent::extension::{ExtensionSnapshot, Extensions};
use portcullis_host_agent::provider::chat::ToolUse;
use portcullis_host_agent::tool::{Approvals, CallScope, Unattended};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder that `cargo xtask` builds the plugins in.
fn target() -> PathBuf {
    let target = std::env::var_os("PORTCULLIS_TEST_TARGET");
    target
        .expect("`cargo xtask test` builds the plugins and says where they are")
        .into()
}

/// What was built of an example.
fn example(name: &str) -> PathBuf {
    target().join("plugins").join(format!("{name}.wasm"))
}

/// Calls a tool of an example by the command.
fn call(name: &str, words: &[&str]) -> Ran {
    Ran::of(portcullis().arg("call").arg(example(name)).args(words))
}

/// Calls a tool of an example as a model does, in an agent that grants nothing, and as an MCP client does: both have the same answer.
async fn call_in_agent_and_by_client(name: &str, tool: &str, arguments: Value) -> String {
    let answer = call_in_agent(name, tool, &arguments.to_string()).await;
    assert_eq!(call_through_server(name, tool, arguments), answer);
    answer
}

async fn call_in_agent(name: &str, tool: &str, arguments: &str) -> String {
    let agent = agent(name).await;
    let mut entries = agent.tools.entries().iter();
    let entry = entries
        .find(|entry| entry.definition().name == tool)
        .unwrap();
    let tool_use = ToolUse {
        id: "1".into(),
        name: entry.model_name().to_string(),
        arguments: arguments.into(),
    };
    let approvals = Approvals::new(Arc::new(Unattended::default()));
    let checked = agent.tools.prepare(&tool_use).unwrap().check().unwrap();
    let approved = checked.approve(&approvals, CallScope::default());
    approved.await.unwrap().run().await.unwrap().text()
}

fn call_through_server(name: &str, tool: &str, arguments: Value) -> String {
    let messages = [call_message(tool, arguments)];
    let mut serve = portcullis();
    let (answers, ran) = told(serve.arg("serve").arg(example(name)), &messages);
    ran.ok();
    let result = &answers[0]["result"];
    assert_eq!(result["isError"], false, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// What an agent has of an example.
async fn agent(name: &str) -> Arc<ExtensionSnapshot> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("language-cache");
    let host = Host::builder().cache_dir(cache).build().unwrap();
    let plugin: Plugin = host.load(example(name), Grant::none()).await.unwrap();
    Extensions::builder().build().publish(&[plugin])
}

/// Calls every function of a component of `tests/languages` as a tool; all of them do the same.
fn is_called_by_its_types(name: &str) {
    let path = target().join("languages").join(format!("{name}.wasm"));
    let call = |tool: &str, arguments: Value| {
        let mut command = portcullis();
        command.arg("call").arg(&path).arg(tool);
        Ran::of(command.args(["--output=json", "--args", &arguments.to_string()]))
    };
    let answer = |tool: &str, arguments: Value| call(tool, arguments).json()["structured"].clone();
    let shelf = json!({ "tag": "shelf", "val": 4 });
    let nails =
        json!({ "name": "nails", "count": 100, "price": 0.5, "tags": ["iron"], "place": shelf });
    let place = json!({ "tag": "unknown" });
    let rope = json!({ "name": "rope", "count": 3, "price": null, "tags": ["hemp", "long"], "place": place });

    let total = answer("stock_total", json!({ "items": [nails, nails] }));
    assert_eq!(total["result"].as_f64(), Some(100.0), "{name}: {total}");
    let items = json!([nails, rope]);
    let found = answer("stock_find", json!({ "items": items, "tag": "long" }));
    assert_eq!(found["result"], rope, "{name}");
    let nothing = answer("stock_find", json!({ "items": items, "tag": "silk" }));
    assert_eq!(nothing["result"], Value::Null, "{name}");
    let left = answer("stock_take", json!({ "item": nails, "count": 60 }));
    assert_eq!(
        (&left["count"], &left["place"]),
        (&json!(40), &nails["place"]),
        "{name}"
    );
    let bytes = answer("stock_reverse", json!({ "bytes": "AAEC/w==" }));
    assert_eq!(bytes["result"], "/wIBAA==", "{name}");
    let line = answer("describe", json!({ "name": "gr\u{fc}n", "count": 2 }));
    assert_eq!(line["result"], "2 x gr\u{fc}n", "{name}");

    let short = call("stock_take", json!({ "item": rope, "count": 5 })).error();
    assert_eq!(
        (&short["code"], &short["details"]["val"]),
        (&json!("short"), &json!(2)),
        "{name}: {short}"
    );
    let priceless = call("stock_total", json!({ "items": items })).error();
    assert_eq!(priceless["code"], "priceless", "{name}: {priceless}");
}

/// Makes a project in a language, changes it, and builds it.
struct Made {
    place: tempfile::TempDir,
}

impl Made {
    fn new(language: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut new = portcullis();
        new.args(["new", "made", "--lang", language]);
        Ran::of(new.current_dir(place.path())).ok();
        Self { place }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.place.path().join("made").join(file)
    }

    /// Takes the place of some text in a file.
    fn change(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(self.path(file), text.replace(from, to)).unwrap();
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(portcullis().args(words).current_dir(self.path(".")))
    }

    /// What is wrong with a name is said by the project's own code.
    fn refuses_an_empty_name(&self) {
        let plugin = "target/plugins/made.wasm";
        let empty = self.run(&["call", plugin, "greet", "--arg", "name= "]);
        let said = &empty.stderr;
        assert!(said.contains("say who to greet"), "{said}");
    }

    /// Builds it and makes the call that its README shows.
    fn greets(&self) {
        let built = self.run(&["build"]).ok();
        assert!(built.contains("tools: greet"), "{built}");
        let call = "call target/plugins/made.wasm greet --arg name=World";
        let readme = std::fs::read_to_string(self.path("README.md")).unwrap();
        assert!(readme.contains(&format!("portcullis {call}\n")), "{readme}");
        let called = self.run(&call.split(' ').collect::<Vec<_>>()).ok();
        assert_eq!(called, "Hello, World!\n");
    }
}
