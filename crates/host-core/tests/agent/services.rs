//! What a plugin asks of its agent, through both interfaces – the async one and its sync-typed twin – with doubles that answer.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_core::portcullis_contract::chat::{ChatError, ChatRequest, codes};
use portcullis_host_core::{
    CallOptions, ChatStream, Error, ErrorKind, Host, Limits, Llm, Plugin, Remedy, ServiceCaller,
    Services,
};
use portcullis_test_artifacts::{CONTRACT_PLANNER, WELL_ASKING, WELL_PROVIDER};
use serde_json::{Value, json};

use crate::double::{Agent, services};
use crate::support::*;

/// Each test for one guest.
macro_rules! through {
    ($guest:ident, $path:ident: $($test:ident),+ $(,)?) => {
        mod $guest {
            $(#[tokio::test]
            async fn $test() {
                super::$test(portcullis_test_artifacts::$path).await;
            })+
        }
    };
}

/// The same tests for both interfaces.
macro_rules! through_both {
    ($($test:ident),+ $(,)?) => {
        through!(well_asking, WELL_ASKING: $($test),+);
        through!(well_asking_sync, WELL_ASKING_SYNC: $($test),+);
    };
}

through_both!(
    what_was_not_granted_is_denied_and_the_operator_told_what_would_help,
    what_the_operator_has_not_set_up_is_unavailable,
    a_grant_for_one_is_none_for_another,
    a_model_answers,
    what_a_model_says_no_with_reaches_the_plugin,
    an_answer_that_breaks_off_is_told,
    a_search_goes_where_it_may,
    a_plan_comes_back_step_by_step,
    another_plugins_tool_answers,
    what_services_answer_counts_against_the_limits,
    a_service_that_hangs_is_given_up_at_the_deadline,
    a_plugin_that_brings_a_provider_can_be_the_hosts_model,
);

/// One question to each service, told `text`, and the capability that it takes.
fn questions(text: &str) -> [(&'static str, Value, &'static str); 4] {
    [
        (
            "ask_llm",
            json!({ "model": "small", "text": text }),
            "llm:small",
        ),
        (
            "search",
            json!({ "corpus": "wiki", "query": text, "limit": 3 }),
            "retrieval:wiki",
        ),
        ("plan", json!({ "domain": "d", "problem": text }), "planner"),
        (
            "call_other",
            json!({ "tool": "org.example.other/greet", "arguments": { "text": text } }),
            "invoke:org.example.other/greet",
        ),
    ]
}

/// The guest with everything that the questions take.
async fn asking(host: &Host, guest: &str) -> Plugin {
    let all = questions("").map(|(_, _, capability)| capability);
    host.load(guest, granted(&all)).await.unwrap()
}

async fn with_agent(guest: &str) -> (Plugin, Arc<Agent>) {
    let (services, agent) = services();
    let host = builder().services(services).build().unwrap();
    (asking(&host, guest).await, agent)
}

async fn what_was_not_granted_is_denied_and_the_operator_told_what_would_help(guest: &str) {
    let (services, agent) = services();
    let host = builder().services(services).build().unwrap();
    let plugin = load(&host, guest).await;
    for (tool, arguments, needed) in questions("a") {
        let error = fail(&plugin, tool, arguments).await;
        assert_eq!(code(&error), "denied", "{tool}");
        assert!(!error.to_string().contains(needed), "{error}");
        let helps = [Remedy::Allow(capability(needed))];
        assert_eq!(remedies(error), helps, "{tool}");
    }
    assert_eq!(agent.take(), [""; 0]);
}

async fn what_the_operator_has_not_set_up_is_unavailable(guest: &str) {
    let host = host();
    let plugin = asking(&host, guest).await;
    for (tool, arguments, _) in questions("a") {
        let error = fail(&plugin, tool, arguments).await;
        assert_eq!(code(&error), "unavailable", "{tool}: {error}");
    }
    nothing_runs(&host);
}

async fn a_grant_for_one_is_none_for_another(guest: &str) {
    let (plugin, agent) = with_agent(guest).await;
    for (tool, arguments) in [
        ("ask_llm", json!({ "model": "large", "text": "a" })),
        ("ask_llm", json!({ "model": "", "text": "a" })),
        (
            "search",
            json!({ "corpus": "mail", "query": "a", "limit": 3 }),
        ),
        (
            "call_other",
            json!({ "tool": "org.example.other/shout", "arguments": {} }),
        ),
        (
            "call_other",
            json!({ "tool": "org.example.others/greet", "arguments": {} }),
        ),
    ] {
        let error = fail(&plugin, tool, arguments.clone()).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{tool} {arguments}");
    }
    for nameless in [
        "greet",
        "/greet",
        "org.example.other/",
        "Org/greet",
        "a/b/c*",
    ] {
        let arguments = json!({ "tool": nameless, "arguments": {} });
        let error = fail(&plugin, "call_other", arguments).await;
        assert_eq!(code(&error), "invalid-arguments", "{nameless}");
    }
    assert_eq!(agent.take(), [""; 0]);
}

async fn a_model_answers(guest: &str) {
    let (plugin, agent) = with_agent(guest).await;
    let answer = ask(&plugin, "ask_llm", json!({ "model": "small", "text": "a" })).await;
    let expected =
        json!({ "text": "to be", "tool-uses": [], "reason": "stop", "output-tokens": 7 });
    assert_eq!(answer, expected);
    let asked = format!("{}/ask_llm: chat small a", plugin.id());
    assert_eq!(agent.take(), [asked]);

    let answer = ask(
        &plugin,
        "ask_llm",
        json!({ "model": "small", "text": "use" }),
    )
    .await;
    assert_eq!(
        answer["tool-uses"],
        json!([
            ["id-of-read", "read", "{\"path\": \"a\"}"],
            ["id-of-list", "list", "{}"]
        ])
    );
    assert_eq!(
        (&answer["text"], &answer["reason"]),
        (&json!("I look."), &json!("tool-use"))
    );
}

async fn what_a_model_says_no_with_reaches_the_plugin(guest: &str) {
    let (plugin, _) = with_agent(guest).await;
    for (text, expected) in [("busy", codes::RATE_LIMITED), ("fail", codes::UNAVAILABLE)] {
        let error = fail(
            &plugin,
            "ask_llm",
            json!({ "model": "small", "text": text }),
        )
        .await;
        assert!(
            matches!(&error, Error::Tool(error) if error.code == expected && error.retryable),
            "{error}"
        );
    }
}

async fn an_answer_that_breaks_off_is_told(guest: &str) {
    let (plugin, _) = with_agent(guest).await;
    let error = fail(
        &plugin,
        "ask_llm",
        json!({ "model": "small", "text": "break" }),
    )
    .await;
    assert_eq!(code(&error), codes::BROKEN);
}

async fn a_search_goes_where_it_may(guest: &str) {
    let (services, agent) = services();
    let host = builder().services(services).build().unwrap();
    let grant = granted(&["retrieval:wiki", "retrieval:handbook"]);
    let plugin = host.load(guest, grant).await.unwrap();
    let search = async |corpus: Option<&str>, query: &str, limit: u32| {
        let arguments = json!({ "corpus": corpus, "query": query, "limit": limit });
        plugin.call("search", arguments, Default::default()).await
    };
    let found = search(Some("wiki"), "leave", 3).await.unwrap().structured;
    let expected = json!([{
        "id": "leave-3", "text": "three weeks", "score": 0.5, "source": "leave.md", "metadata": "{\"line\":3}",
    }]);
    assert_eq!(found, Some(expected));
    search(None, "leave", 1_000_000).await.unwrap();
    let asker = format!("{}/search: search", plugin.id());
    assert_eq!(
        agent.take(),
        [
            format!("{asker} [\"wiki\"] leave 3"),
            format!("{asker} [\"handbook\", \"wiki\"] leave 100"),
        ]
    );
    let error = search(None, "(", 3).await.unwrap_err();
    assert_eq!(code(&error), "invalid");

    // All that are granted are none.
    let plugin = load(&host, guest).await;
    let error = fail(&plugin, "search", json!({ "query": "a", "limit": 3 })).await;
    assert_eq!(remedies(error), [Remedy::Allow(capability("retrieval"))]);
}

async fn a_plan_comes_back_step_by_step(guest: &str) {
    let (plugin, agent) = with_agent(guest).await;
    let plan = ask(&plugin, "plan", json!({ "domain": "d", "problem": "p" })).await;
    assert_eq!(plan, json!([["drive", ["truck", "depot"]]]));
    assert_eq!(agent.take(), [format!("{}/plan: solve d p", plugin.id())]);
    let error = fail(&plugin, "plan", json!({ "domain": "d", "problem": "hard" })).await;
    assert_eq!(code(&error), "not-found");
}

async fn another_plugins_tool_answers(guest: &str) {
    let (plugin, agent) = with_agent(guest).await;
    let call =
        |text: &str| json!({ "tool": "org.example.other/greet", "arguments": { "text": text } });
    assert_eq!(
        ask(&plugin, "call_other", call("a")).await,
        json!({ "called": "greet" })
    );
    let asked = "call org.example.other/greet {\"text\":\"a\"}";
    assert_eq!(
        agent.take(),
        [format!("{}/call_other: {asked}", plugin.id())]
    );
    let error = fail(&plugin, "call_other", call("fail")).await;
    assert!(
        matches!(&error, Error::Tool(error) if error.code == "teapot" && error.message == "short and stout"),
        "{error}"
    );
}

async fn what_services_answer_counts_against_the_limits(guest: &str) {
    let mut limits = Limits::default();
    limits.call.host_call_bytes = 50_000;
    limits.call.stream_bytes = 50_000;
    let host = builder()
        .services(services().0)
        .limits(limits)
        .build()
        .unwrap();
    let plugin = asking(&host, guest).await;
    for (tool, arguments, _) in questions("much") {
        let error = fail(&plugin, tool, arguments).await;
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{tool}: {error}");
    }
    nothing_runs(&host);
}

async fn a_service_that_hangs_is_given_up_at_the_deadline(guest: &str) {
    let host = builder().services(services().0).build().unwrap();
    let plugin = asking(&host, guest).await;
    for (tool, arguments, _) in questions("hang") {
        let error = plugin.call(tool, arguments, short()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{tool}");
    }
    nothing_runs(&host);
}

/// The provider of another plugin.
#[derive(Default)]
struct Provider(OnceLock<Plugin>);

#[async_trait]
impl Llm for Provider {
    async fn chat(
        &self,
        caller: &ServiceCaller,
        request: ChatRequest,
    ) -> Result<ChatStream, ChatError> {
        let options = CallOptions {
            chain: Some(caller.chain.clone()),
            ..CallOptions::default()
        };
        let provider = self.0.get().unwrap();
        Ok(provider.chat("echo", request, options).await?)
    }
}

async fn a_plugin_that_brings_a_provider_can_be_the_hosts_model(guest: &str) {
    let provider = Arc::new(Provider::default());
    let services = Services {
        llm: Some(provider.clone()),
        ..Services::default()
    };
    let host = builder().services(services).build().unwrap();
    let echo = load(&host, WELL_PROVIDER).await;
    assert!(provider.0.set(echo).is_ok());
    let plugin = asking(&host, guest).await;
    let words = "word ".repeat(1_000);
    let question = json!({ "model": "small", "text": words });
    let answer = ask(&plugin, "ask_llm", question).await;
    assert_eq!(answer["text"], words);
    assert_eq!(answer["output-tokens"], 1_000);
    nothing_runs(&host);
}

#[tokio::test]
async fn a_model_is_heard_while_it_speaks_and_need_not_be_heard_out() {
    let (plugin, _) = with_agent(WELL_ASKING).await;
    for text in ["a", "one and no more"] {
        let arguments = json!({ "model": "small", "text": text });
        let called = plugin.call(
            "ask_llm_for_one_piece",
            arguments,
            within(Duration::from_secs(5)),
        );
        assert_eq!(
            called.await.unwrap().structured,
            Some(json!("to ")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_plugin_written_against_the_bare_contract_asks_too() {
    let host = builder().services(services().0).build().unwrap();
    let plugin = host
        .load(CONTRACT_PLANNER, granted(&["planner"]))
        .await
        .unwrap();
    let answer = ask(&plugin, "ask", json!({})).await;
    assert!(answer.as_str().unwrap().contains("drive"), "{answer}");
}
