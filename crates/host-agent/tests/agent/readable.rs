//! Resources and prompts of several plugins: found by address and by name, each one plugin's; and services of a call, which go
//! along to what it invokes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use portcullis_host_agent::contract::chat::ChatRequest;
use portcullis_host_agent::core::{
    Content, ErrorKind, LogLine, LogSink, Plugin, ResourceBody, Services,
};
use portcullis_host_agent::extension::{ExtensionSnapshot, Problem};
use portcullis_host_agent::provider::{Scripted, Turn};
use portcullis_host_agent::resource::Found;
use portcullis_host_agent::service::{ProviderLlm, RegistryInvoke};
use portcullis_host_agent::tool::CallScope;
use portcullis_test_artifacts::{HOSTILE_RESOURCES, WELL_ASKING, WELL_RESOURCES, WELL_TOOLS};
use serde_json::{Value, json};

use crate::support::*;

async fn read(snapshot: &ExtensionSnapshot, uri: &str) -> String {
    let contents = snapshot.resources.read(uri, &CallScope::default()).await;
    match &contents.unwrap()[0].body {
        ResourceBody::Text(text) => text.clone(),
        ResourceBody::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}

#[tokio::test]
async fn resources_are_found_by_address_and_prompts_by_name() {
    let stage = Stage::new();
    let one = stage.load(WELL_RESOURCES, "org.example.one", &[]).await;
    let two = stage.load(HOSTILE_RESOURCES, "org.example.two", &[]).await;
    let snapshot = stage.publish(&[&one, &two]);
    assert_eq!(snapshot.problems, []);
    for (uri, text) in [
        ("notes://logo", "6 bytes"),
        ("notes://days/monday", "monday: nothing."),
        ("notes://days/monday/9", "monday at 9: nothing."),
        ("hostile://flood_at_length", "read"),
    ] {
        assert_eq!(read(&snapshot, uri).await, text, "{uri}");
    }
    let scope = CallScope::default();
    let nowhere = snapshot.resources.read("notes://logos", &scope).await;
    let error = nowhere.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownResource);
    assert!(error.to_string().contains("\"notes://logo\""), "{error}");
    assert!(matches!(
        snapshot.resources.find("notes://days/monday"),
        Some(Found::Template(entry)) if entry.plugin.id() == one.id()
    ));

    let prompts = &snapshot.prompts;
    let prompt = prompts.by_model_name("org_example_one__greet").unwrap();
    assert_eq!(prompt.name().to_string(), "org.example.one/greet");
    let output = prompt.get(BTreeMap::new(), &scope).await.unwrap();
    assert_eq!(
        output.messages[0].content,
        Content::Text("Say hello.".into())
    );
    assert!(prompts.by_model_name("org_example_two__greet").is_none());
    stage.nothing_runs();
}

#[tokio::test]
async fn an_address_stays_with_who_had_it_first() {
    let stage = Stage::new();
    let holder = stage.load(WELL_RESOURCES, "org.example.b", &[]).await;
    stage.publish(&[&holder]);
    let newcomer = stage.load(WELL_RESOURCES, "org.example.a", &[]).await;
    let snapshot = stage.publish(&[&newcomer, &holder]);
    for uri in ["notes://today", "notes://days/monday"] {
        let found = snapshot.resources.find(uri).unwrap();
        assert_eq!(found.plugin().id(), holder.id(), "{uri}");
    }
    assert!(
        snapshot
            .resources
            .entries()
            .iter()
            .all(|entry| entry.plugin.id() == holder.id())
    );
    let refused = snapshot.problems.iter().map(|problem| match problem {
        Problem::Resource(refused) => {
            assert_eq!(
                (&refused.plugin, &refused.holder),
                (newcomer.id(), holder.id())
            );
            refused.address.as_str()
        }
        other => panic!("{other}"),
    });
    let refused: Vec<_> = refused.collect();
    assert_eq!(
        refused.len(),
        newcomer.resources().len() + newcomer.resource_templates().len()
    );
    assert!(refused.contains(&"notes://today") && refused.contains(&"notes://days/{day}"));
    // Its prompts have names of their own.
    let prompts = &snapshot.prompts;
    assert!(prompts.by_model_name("org_example_a__greet").is_some());

    let snapshot = stage.publish(&[&newcomer]);
    assert_eq!(snapshot.problems, []);
    let found = snapshot.resources.find("notes://today").unwrap();
    assert_eq!(found.plugin().id(), newcomer.id());
}

/// A model that says whose it is.
fn model(name: &'static str) -> Arc<ProviderLlm> {
    let answer = move |_: &ChatRequest| Turn::new().text(name);
    let provider = Arc::new(Scripted::reacting(answer));
    Arc::new(ProviderLlm::new(provider, "demo-small"))
}

/// Plugins, and what they said.
#[derive(Default)]
struct Lines(Mutex<Vec<(String, String)>>);

impl LogSink for Lines {
    fn log(&self, line: LogLine) {
        let line = (line.plugin.to_string(), line.message);
        self.0.lock().unwrap().push(line);
    }
}

/// An agent with a plugin that may call these tools of others, under its own model.
async fn invoking(tools: &[&str]) -> (Stage, Plugin) {
    let stage = Stage::serving(
        builder(),
        |own| own,
        |extensions, approvals| {
            let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), Arc::clone(approvals));
            Services {
                llm: Some(model("the host's")),
                invoke: Some(Arc::new(invoke)),
                ..Services::default()
            }
        },
    );
    let granted: Vec<_> = tools.iter().map(|tool| format!("invoke:{tool}")).collect();
    let granted: Vec<_> = granted.iter().map(String::as_str).collect();
    let first = stage.load(WELL_ASKING, "org.example.first", &granted).await;
    (stage, first)
}

/// Has the first plugin call a tool of another.
async fn invoke(stage: &Stage, tool: &str, arguments: Value, scope: CallScope) -> String {
    let snapshot = stage.extensions.snapshot();
    let arguments = json!({ "tool": tool, "arguments": arguments });
    let wish = wish("org_example_first__call_other", &arguments);
    let called = (stage.caller).call(&snapshot.tools, &snapshot.hooks, PLACE, &wish, scope);
    called.await.result.text()
}

#[tokio::test]
async fn services_of_a_call_go_along_to_what_it_invokes() {
    let tool = "org.example.second/ask_llm";
    let (stage, first) = invoking(&[tool]).await;
    let second = stage
        .load(WELL_ASKING, "org.example.second", &["llm"])
        .await;
    stage.publish(&[&first, &second]);
    let own = CallScope {
        services: Services {
            llm: Some(model("the caller's")),
            ..Services::default()
        },
        ..CallScope::default()
    };
    for (scope, whose) in [(own, "the caller's"), (CallScope::default(), "the host's")] {
        let arguments = json!({ "model": "small", "text": "Hello." });
        let text = invoke(&stage, tool, arguments, scope).await;
        assert!(text.contains(whose), "{text}");
    }
    stage.nothing_runs();
}

#[tokio::test]
async fn the_log_of_a_call_gets_the_lines_of_what_it_invokes() {
    let tool = "org.example.tools/note";
    let (stage, first) = invoking(&[tool]).await;
    let tools = stage.load(WELL_TOOLS, "org.example.tools", &[]).await;
    stage.publish(&[&first, &tools]);
    let log = Arc::new(Lines::default());
    let scope = CallScope {
        log: Some(log.clone()),
        ..CallScope::default()
    };
    invoke(&stage, tool, json!({ "message": "heard" }), scope).await;
    let heard = ("org.example.tools".to_owned(), "heard".to_owned());
    assert_eq!(*log.0.lock().unwrap(), [heard]);
}
