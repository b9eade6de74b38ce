//! What plugins ask of their agent, from a real guest to the default service and back.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_host_agent::contract::chat::ChatRequest;
use portcullis_host_agent::contract::hook::BeforeToolCall;
use portcullis_host_agent::core::{LimitOverrides, Services};
use portcullis_host_agent::hook::{Subscription, Typed, typed};
use portcullis_host_agent::provider::{Scripted, Turn};
use portcullis_host_agent::service::{CommandPlanner, Corpora, ProviderLlm, RegistryInvoke};
use portcullis_host_agent::tool::Answer;
use portcullis_test_artifacts::{WELL_ASKING, WELL_RELAY, WELL_TOOLS};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::*;

const ASKER: &str = "org.example.asker";

/// Plans the same, whatever it is asked, once it has read both files.
const PLANNER: &str =
    r#"grep -q world "$1" && grep -q task "$2" && printf '(pick ball)\n(go a b)\n' > "$3""#;

/// Lets nobody add to thirteen.
fn no_thirteen() -> Subscription {
    let judge = async |call: BeforeToolCall| {
        let is_it = call.tool == "org.example.tools/add-up" && call.arguments["a"] == 13;
        Ok(match is_it {
            true => Typed::Cancel("an unlucky number".to_owned()),
            false => Typed::Proceed,
        })
    };
    native_gate("no_thirteen", typed(judge))
}

/// An agent with every default service, and the folder of its corpus `docs`.
fn stage() -> (Stage, TempDir) {
    stage_on(16)
}

fn stage_on(permits: u32) -> (Stage, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("gates.md"),
        "# Gates\n\nA portcullis is heavy.\n",
    )
    .unwrap();
    let corpora = BTreeMap::from([("docs".to_owned(), vec![folder.path().to_owned()])]);
    let host = builder().max_in_flight(permits);
    let stage = Stage::serving(
        host,
        |own| own.hook(no_thirteen()),
        |extensions, approvals| {
            let echo = |request: &ChatRequest| {
                Turn::new().text(&format!(
                    "{}: {}",
                    request.model,
                    request.messages[0].text()
                ))
            };
            let llm = ProviderLlm::new(Arc::new(Scripted::reacting(echo)), "demo-small");
            let files = ["-c", PLANNER, "planner", "{domain}", "{problem}", "{plan}"];
            let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), Arc::clone(approvals))
                .under_hooks(extensions);
            Services {
                llm: Some(Arc::new(llm)),
                retrieval: Some(Arc::new(Corpora::open(corpora).unwrap())),
                planner: Some(Arc::new(CommandPlanner::new("/bin/sh", files).unwrap())),
                invoke: Some(Arc::new(invoke)),
                ..Services::default()
            }
        },
    );
    (stage, folder)
}

/// A question for each service: the tool that asks it, with what, and the grant that it takes.
fn questions() -> [(&'static str, Value, &'static str); 4] {
    [
        (
            "ask_llm",
            json!({ "model": "demo-large", "text": "Hello." }),
            "llm:demo-large",
        ),
        (
            "search",
            json!({ "corpus": "docs", "query": "portcullis", "limit": 3 }),
            "retrieval:docs",
        ),
        (
            "plan",
            json!({ "domain": "(world)", "problem": "(task)" }),
            "planner",
        ),
        (
            "call_other",
            json!({ "tool": "org.example.tools/add-up", "arguments": { "a": 20, "b": 22 } }),
            "invoke:org.example.tools/add-up",
        ),
    ]
}

/// An agent with a plugin that asks, and one whose tools it may want.
async fn asking(granted: &[&str]) -> (Stage, TempDir) {
    let (stage, folder) = stage();
    let asker = stage.load(WELL_ASKING, ASKER, granted).await;
    let tools = stage.load(WELL_TOOLS, "org.example.tools", &[]).await;
    stage.publish(&[&asker, &tools]);
    (stage, folder)
}

#[tokio::test]
async fn who_was_granted_a_service_gets_its_answer() {
    let (stage, _folder) = asking(&questions().map(|(_, _, grant)| grant)).await;
    let answers = [
        "demo-large: Hello.",
        "A portcullis is heavy.",
        r#"[["pick",["ball"]],["go",["a","b"]]]"#,
        "42",
    ];
    for ((tool, arguments, _), answer) in questions().into_iter().zip(answers) {
        let called = stage
            .call(&format!("org_example_asker__{tool}"), arguments)
            .await;
        let text = called.result.text();
        assert!(
            !called.result.is_error && text.contains(answer),
            "{tool}: {text}"
        );
        stage.nothing_runs();
    }
}

#[tokio::test]
async fn a_grant_for_one_service_or_target_is_none_for_another() {
    let others = [
        "llm:demo-small",
        "retrieval:secret",
        "invoke:org.example.tools/echo",
    ];
    let (stage, _folder) = asking(&others).await;
    for (tool, arguments, _) in questions() {
        let called = stage
            .call(&format!("org_example_asker__{tool}"), arguments)
            .await;
        let text = called.result.text();
        assert!(
            called.result.is_error && text.starts_with("denied: "),
            "{tool}: {text}"
        );
    }
    stage.nothing_runs();
}

#[tokio::test]
async fn a_gate_stops_what_a_plugin_invokes_as_it_stops_a_model() {
    let (stage, _folder) = asking(&["invoke:org.example.tools/add-up"]).await;
    let relayed =
        |a| json!({ "tool": "org.example.tools/add-up", "arguments": { "a": a, "b": 1 } });
    for (a, is_error, says) in [(12, false, "13"), (13, true, "add-up was not approved")] {
        let called = stage
            .call("org_example_asker__call_other", relayed(a))
            .await;
        let text = called.result.text();
        assert_eq!(called.result.is_error, is_error, "{text}");
        assert!(text.contains(says), "{text}");
    }
    stage.nothing_runs();
}

#[tokio::test]
async fn a_tool_that_is_called_by_a_plugin_acts_under_its_own_grants() {
    let (stage, _folder) = stage();
    let callee = "invoke:org.example.callee/ask_llm";
    let asker = stage.load(WELL_ASKING, ASKER, &["llm", callee]).await;
    let callee = stage.load(WELL_ASKING, "org.example.callee", &[]).await;
    stage.publish(&[&asker, &callee]);
    let question = json!({ "model": "demo-large", "text": "Hello." });
    let relayed = json!({ "tool": "org.example.callee/ask_llm", "arguments": question });
    let own = stage.call("org_example_asker__ask_llm", question).await;
    assert!(!own.result.is_error, "{own:?}");
    let others = stage.call("org_example_asker__call_other", relayed).await;
    assert!(others.result.is_error, "{others:?}");
    assert!(others.result.text().starts_with("denied: "), "{others:?}");
}

#[tokio::test]
async fn who_approves_is_shown_which_plugins_ask() {
    let (stage, _folder) = stage();
    let callee = "invoke:org.example.callee/ask_llm";
    let asker = stage.load(WELL_ASKING, ASKER, &[callee]).await;
    let callee = stage
        .load(WELL_ASKING, "org.example.callee", &["llm"])
        .await;
    stage.publish(&[&asker, &callee]);
    let question = json!({ "model": "demo-large", "text": "Hello." });
    let relayed = json!({ "tool": "org.example.callee/ask_llm", "arguments": question });
    let called = stage
        .call("org_example_asker__call_other", relayed.clone())
        .await;
    assert!(!called.result.is_error, "{called:?}");
    let asked: Vec<_> = stage
        .person
        .asked()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].contains("Plugins ask for it"), "{}", asked[0]);
    let chain = "Plugins ask for it: org.example.asker/call_other → org.example.callee/ask_llm\n";
    assert!(asked[1].contains(chain), "{}", asked[1]);

    stage
        .person
        .answers(Answer::No(Some("a secret of mine".to_owned())));
    let called = stage.call("org_example_asker__call_other", relayed).await;
    assert!(called.result.is_error, "{called:?}");
    stage.nothing_runs();
}

/// Plugins called by letters, each of which may call all, on a host with so many permits.
async fn relays(names: &[&str], permits: u32, wall_clock: Option<Duration>) -> (Stage, TempDir) {
    let (stage, folder) = stage_on(permits);
    let may: Vec<_> = names
        .iter()
        .map(|name| format!("invoke:{name}/relay"))
        .collect();
    let may: Vec<_> = may.iter().map(String::as_str).collect();
    let mut plugins = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let limits = LimitOverrides {
            wall_clock: wall_clock.filter(|_| at == 0),
            ..LimitOverrides::default()
        };
        plugins.push(stage.load_within(WELL_RELAY, name, &may, limits).await);
    }
    stage.publish(&plugins.iter().collect::<Vec<_>>());
    (stage, folder)
}

/// Has plugins call each other in this order.
async fn relay(stage: &Stage, chain: &[&str], ms: u64) -> Result<String, String> {
    let to: Vec<_> = chain[1..]
        .iter()
        .map(|name| format!("{name}/relay"))
        .collect();
    let first = format!("{}__relay", chain[0]);
    let called = stage.call(&first, json!({ "to": to, "ms": ms })).await;
    stage.nothing_runs();
    let text = called.result.text();
    if called.result.is_error {
        Err(text)
    } else {
        Ok(text)
    }
}

const CHAIN: [&str; 9] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"];

#[tokio::test]
async fn a_chain_of_plugins_has_a_greatest_depth_and_takes_one_permit() {
    let (stage, _folder) = relays(&CHAIN, 1, None).await;
    let reached = relay(&stage, &CHAIN[..8], 0).await.unwrap();
    assert!(reached.contains("p7/relay"), "{reached}");
    let error = relay(&stage, &CHAIN, 0).await.unwrap_err();
    assert!(error.starts_with("denied: 8 calls led here"), "{error}");
}

#[tokio::test]
async fn a_chain_that_comes_back_to_a_plugin_is_refused() {
    let (stage, _folder) = relays(&["a", "b"], 16, None).await;
    for circle in [&["a", "a"][..], &["a", "b", "a"]] {
        let error = relay(&stage, circle, 0).await.unwrap_err();
        assert!(error.contains("round in a circle"), "{error}");
    }
}

#[tokio::test]
async fn a_chain_ends_at_the_deadline_of_its_first_call() {
    let (stage, _folder) = relays(&["a", "b", "c"], 16, Some(Duration::from_secs(1))).await;
    let begun = Instant::now();
    let error = relay(&stage, &["a", "b", "c"], 3_600_000)
        .await
        .unwrap_err();
    assert!(error.contains("deadline"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(relay(&stage, &["b", "c"], 0).await.is_ok());
}
