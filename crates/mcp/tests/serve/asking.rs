//! What guests ask the client for: the person, and the model.
#![expect(deprecated, reason = "clients of today serve sampling")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_host_agent::core::{Capability, Grant, LimitOverrides, LoadOptions};
use portcullis_mcp::{EndpointOptions, Naming};
use portcullis_test_artifacts::{WELL_ASKING, WELL_RESOURCES, WELL_STORE};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, CreateMessageRequestParams,
    CreateMessageResult, ElicitRequestParams, ElicitResult, ElicitationAction, Implementation,
    SamplingMessage,
};
use rmcp::service::{RequestContext, RoleClient, RunningService};
use rmcp::{ClientHandler, ErrorData};
use serde_json::{Value, json};

use crate::support::{Raw, Server, beginnings, meta, request};

/// How long the plugins of these tests may take, without whom they ask.
const PLUGINS_TIME: Duration = Duration::from_secs(2);

/// A person who answers what they were told to, and a model that repeats.
#[derive(Clone, Default)]
struct Person {
    answers: Arc<Mutex<VecDeque<ElicitResult>>>,
    asked: Arc<Mutex<Vec<String>>>,
    thinks: Duration,
}

impl Person {
    fn who_says(answers: impl IntoIterator<Item = ElicitResult>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Self::default()
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn accepts(content: Value) -> ElicitResult {
    ElicitResult::new(ElicitationAction::Accept).with_content(content)
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let can = ClientCapabilities::builder()
            .enable_elicitation()
            .enable_sampling()
            .build();
        ClientConfig::new(can, Implementation::new("person", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Err(ErrorData::invalid_params("no form", None));
        };
        self.asked.lock().unwrap().push(message);
        tokio::time::sleep(self.thinks).await;
        let answer = self.answers.lock().unwrap().pop_front();
        Ok(answer.unwrap_or_else(|| ElicitResult::new(ElicitationAction::Cancel)))
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let said = params.messages[0]
            .content
            .first()
            .unwrap()
            .as_text()
            .unwrap()
            .text
            .clone();
        let message = SamplingMessage::assistant_text(format!("You said: {said}"));
        Ok(CreateMessageResult::new(message, "repeater".to_owned()))
    }
}

/// A server of one guest that is granted some things, and for others of which the person may be asked.
async fn server(guest: &str, options: EndpointOptions, grant: Grant) -> Server {
    server_of(guest, options, grant, PLUGINS_TIME).await
}

/// The same whose guest may take this long.
async fn server_of(guest: &str, options: EndpointOptions, grant: Grant, time: Duration) -> Server {
    let server = Server::new(EndpointOptions {
        naming: Naming::Own,
        ..options
    });
    let load = LoadOptions {
        grant,
        limits: LimitOverrides {
            wall_clock: Some(time),
            ..LimitOverrides::default()
        },
        ..LoadOptions::default()
    };
    let plugin = server.host.load_with(guest, load).await.unwrap();
    server.extensions.publish(&[plugin]);
    server
}

fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

async fn call<H: ClientHandler>(
    client: &RunningService<RoleClient, H>,
    tool: &'static str,
    arguments: Value,
) -> (bool, String) {
    let arguments = arguments.as_object().unwrap().clone();
    let call = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = client.call_tool(call).await.unwrap();
    let texts = result.content.iter().filter_map(|block| block.as_text());
    let texts: Vec<_> = texts.map(|text| text.text.as_str()).collect();
    (result.is_error == Some(true), texts.join("\n"))
}

#[tokio::test]
async fn a_person_may_take_longer_than_a_plugin() {
    let grant = Grant::from_caps([capability("ask")]);
    let server = server(WELL_RESOURCES, EndpointOptions::default(), grant).await;
    for begins in beginnings() {
        let person = Person {
            thinks: PLUGINS_TIME + Duration::from_secs(1),
            ..Person::who_says([accepts(json!({"address": "1 Quay Street"}))])
        };
        let client = server.client_that_begins(begins, person).await;
        let (failed, answer) = call(&client, "order", json!({"message": "Where to?"})).await;
        assert!(!failed && answer.contains("1 Quay Street"), "{answer}");
    }
}

#[tokio::test]
async fn a_plugin_asks_the_person_in_its_own_name() {
    let grant = Grant::from_caps([capability("ask")]);
    let server = server(WELL_RESOURCES, EndpointOptions::default(), grant).await;
    for begins in beginnings() {
        let person = Person::who_says([
            accepts(json!({"address": "1 Quay Street"})),
            ElicitResult::new(ElicitationAction::Decline),
        ]);
        let client = server.client_that_begins(begins, person.clone()).await;
        let order = async || call(&client, "order", json!({"message": "Where\u{1b} to?"})).await;
        assert_eq!(
            order().await,
            (false, "[\"1 Quay Street\",null]".to_owned())
        );
        assert_eq!(
            person.asked(),
            ["The plugin org.example.resources asks: Where\\u{1b} to?"]
        );
        assert_eq!(order().await.1, "\"declined\"");
        assert_eq!(order().await.1, "\"cancelled\"");
    }
}

#[tokio::test]
async fn nobody_is_asked_where_the_client_can_t_or_the_operator_did_not_say_so() {
    let grant = Grant::from_caps([capability("ask")]);
    let granted = server(WELL_RESOURCES, EndpointOptions::default(), grant).await;
    let client = granted.client(()).await;
    let (is_error, text) = call(&client, "order", json!({"message": "Where to?"})).await;
    assert!(is_error && text.contains("unavailable"), "{text}");
    let denied = server(WELL_RESOURCES, EndpointOptions::default(), Grant::none()).await;
    let person = Person::default();
    let client = denied.client(person.clone()).await;
    let (is_error, text) = call(&client, "order", json!({"message": "Where to?"})).await;
    assert!(is_error && text.contains("- ask:"), "{text}");
    assert_eq!(person.asked(), [""; 0]);
}

const STORE: (&str, &str) = ("set", "state");

#[tokio::test]
async fn the_person_allows_what_the_operator_said_they_may_be_asked_for() {
    let (tool, wanted) = STORE;
    let grant = Grant::none().ask(capability(wanted));
    let server = server(WELL_STORE, EndpointOptions::default(), grant).await;
    let allow = |what: &str| accepts(json!({ "allow": what }));
    let arguments = || json!({"key": "a", "value": "b", "sync": false});
    for begins in beginnings() {
        let person = Person::who_says([allow("no"), allow("once"), allow("session")]);
        let client = server.client_that_begins(begins, person.clone()).await;
        let set = async || call(&client, tool, arguments()).await;

        let (is_error, text) = set().await;
        assert!(is_error && text.contains("- state"), "{text}");
        let question = &person.asked()[0];
        assert!(
            question.contains("asks to be allowed") && question.contains("(state)"),
            "{question}"
        );

        assert!(set().await.1.contains("allowed it for the next call"));
        assert!(!set().await.0);
        assert!(set().await.1.contains("allowed it in this session"));
        assert!(!set().await.0);
        assert!(!set().await.0);
        assert_eq!(person.asked().len(), 2);

        // What one client's person allowed is nobody else's.
        let other = server.client(()).await;
        assert!(call(&other, tool, arguments()).await.0);
    }
}

#[tokio::test]
async fn what_the_operator_did_not_say_is_not_asked_for() {
    let (tool, _) = STORE;
    let grant = Grant::none().ask(capability("log"));
    let server = server(WELL_STORE, EndpointOptions::default(), grant).await;
    let person = Person::who_says([accepts(json!({"allow": "session"}))]);
    let client = server.client(person.clone()).await;
    assert!(
        call(
            &client,
            tool,
            json!({"key": "a", "value": "b", "sync": false})
        )
        .await
        .0
    );
    assert!(
        call(
            &client,
            tool,
            json!({"key": "a", "value": "b", "sync": false})
        )
        .await
        .0
    );
    assert_eq!(person.asked(), [""; 0]);
}

#[tokio::test]
async fn the_client_s_model_answers_where_the_operator_chose_so() {
    let grant = || Grant::from_caps([capability("llm")]);
    let arguments = json!({"model": "any", "text": "hello"});
    let chosen = EndpointOptions {
        sampling: true,
        ..EndpointOptions::default()
    };
    let by_client = server(WELL_ASKING, chosen, grant()).await;
    for begins in beginnings() {
        let client = by_client
            .client_that_begins(begins, Person::default())
            .await;
        let (is_error, text) = call(&client, "ask_llm", arguments.clone()).await;
        assert!(!is_error && text.contains("You said: hello"), "{text}");
    }
    let without = by_client.client(()).await;
    assert!(call(&without, "ask_llm", arguments.clone()).await.0);
    let not_chosen = server(WELL_ASKING, EndpointOptions::default(), grant()).await;
    let client = not_chosen.client(Person::default()).await;
    assert!(call(&client, "ask_llm", arguments).await.0);
}

/// One round of a call of `order`, as a client of the newest revision makes it that has forms.
fn round(message: &str, of: Value) -> Value {
    round_of(
        "order",
        json!({"message": message}),
        json!({"elicitation": {}}),
        of,
    )
}

fn round_of(tool: &str, arguments: Value, client: Value, of: Value) -> Value {
    let mut params = json!({"name": tool, "arguments": arguments, "_meta": meta(client)});
    let of = of.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(of);
    params
}

/// A server whose guest has just asked, with the client and what names the call.
async fn asked() -> (Server, Raw, Value) {
    let grant = Grant::from_caps([capability("ask")]);
    let server = server(WELL_RESOURCES, EndpointOptions::default(), grant).await;
    let mut raw = server.raw();
    let first = raw
        .ask(1, "tools/call", round("Where to?", json!({})))
        .await;
    let result = &first["result"];
    assert_eq!(result["resultType"], "input_required", "{first}");
    let question = &result["inputRequests"]["0"];
    assert_eq!(question["method"], "elicitation/create", "{first}");
    let state = result["requestState"].clone();
    (server, raw, state)
}

#[tokio::test]
async fn a_call_goes_on_with_its_answer_once_and_for_the_same_request() {
    let (_server, mut raw, state) = asked().await;
    let answer = json!({"action": "accept", "content": {"address": "1 Quay Street"}});
    let answered = json!({"requestState": state, "inputResponses": {"0": answer}});
    let unknown = json!({"requestState": "x", "inputResponses": {"0": answer}});
    for (id, message, of) in [(2, "Where else?", &answered), (3, "Where to?", &unknown)] {
        let refused = raw.ask(id, "tools/call", round(message, of.clone())).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    let done = raw
        .ask(4, "tools/call", round("Where to?", answered.clone()))
        .await;
    assert_eq!(done["result"]["isError"], false, "{done}");
    let again = raw.ask(5, "tools/call", round("Where to?", answered)).await;
    assert_eq!(again["error"]["code"], -32602, "{again}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused_and_one_left_out_asked_for_again() {
    let (_server, mut raw, state) = asked().await;
    let answered = |state: &Value, responses: Value| {
        let of = json!({"requestState": state, "inputResponses": responses});
        round("Where to?", of)
    };
    let none = answered(&state, json!({"0": {"action": 7}}));
    let refused = raw.ask(2, "tools/call", none).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let left_out = answered(&state, json!({"1": {"action": "decline"}}));
    let again = raw.ask(3, "tools/call", left_out).await;
    let again = &again["result"];
    assert_eq!(again["inputRequests"]["0"]["method"], "elicitation/create");
    assert_ne!(again["requestState"], state);
    let right = answered(&again["requestState"], json!({"0": {"action": "decline"}}));
    let done = raw.ask(4, "tools/call", right).await;
    let content = &done["result"]["content"];
    assert_eq!(content[0]["text"], "\"declined\"", "{done}");
}

#[tokio::test]
async fn a_round_whose_client_can_t_ask_is_not_asked() {
    let (_server, mut raw, state) = asked().await;
    let of = json!({"requestState": state});
    let cannot = round_of("order", json!({"message": "Where to?"}), json!({}), of);
    let done = raw.ask(2, "tools/call", cannot).await;
    assert_eq!(done["result"]["isError"], true, "{done}");
    assert!(done.to_string().contains("unavailable"), "{done}");
}

#[tokio::test]
async fn a_call_is_cancelled_in_whatever_round_it_is() {
    let (grant, hour) = (
        Grant::from_caps([capability("ask")]),
        Duration::from_secs(3600),
    );
    let server = server_of(WELL_RESOURCES, EndpointOptions::default(), grant, hour).await;
    let mut raw = server.raw();
    let round = |of: Value| {
        let arguments = json!({"message": "Where to?"});
        let client = json!({"elicitation": {}});
        round_of("order_without_end", arguments, client, of)
    };
    let asked = raw.ask(1, "tools/call", round(json!({}))).await;
    let answer = json!({"0": {"action": "decline"}});
    let of = json!({"requestState": asked["result"]["requestState"], "inputResponses": answer});
    raw.send(&request(2, "tools/call", round(of))).await;
    let cancelled = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2},
    });
    raw.send(&cancelled.to_string()).await;
    server.idle().await;
}

#[tokio::test]
async fn a_client_has_no_more_calls_waiting_for_it_than_there_is_room_for() {
    let (_server, mut raw, _) = asked().await;
    let another = || round("Where to?", json!({}));
    for id in 2..=16 {
        let one = raw.ask(id, "tools/call", another()).await;
        assert_eq!(one["result"]["resultType"], "input_required", "{one}");
    }
    let more = raw.ask(17, "tools/call", another()).await;
    assert_eq!(more["result"]["isError"], true, "{more}");
    assert!(more.to_string().contains("unavailable"), "{more}");
}

#[tokio::test]
async fn a_resource_is_read_in_rounds() {
    let grant = Grant::from_caps([capability("ask")]);
    let server = server(WELL_RESOURCES, EndpointOptions::default(), grant).await;
    let mut raw = server.raw();
    let round = |of: Value| {
        let mut params = json!({"uri": "person://name", "_meta": meta(json!({"elicitation": {}}))});
        let of = of.as_object().unwrap().clone();
        params.as_object_mut().unwrap().extend(of);
        params
    };
    let asked = raw.ask(1, "resources/read", round(json!({}))).await;
    let answer = json!({"0": {"action": "accept", "content": {"text": "Ada"}}});
    let of = json!({"requestState": asked["result"]["requestState"], "inputResponses": answer});
    let read = raw.ask(2, "resources/read", round(of)).await;
    let contents = &read["result"]["contents"];
    assert_eq!(contents[0]["text"], r#"{"text":"Ada"}"#, "{read}");
}

#[tokio::test]
async fn a_plugin_s_time_runs_while_its_call_waits() {
    let grant = Grant::from_caps([capability("llm")]);
    let chosen = EndpointOptions {
        sampling: true,
        ..EndpointOptions::default()
    };
    let server = server(WELL_ASKING, chosen, grant).await;
    let mut raw = server.raw();
    let round = |of: Value| {
        let arguments = json!({"model": "any", "text": "hello"});
        round_of("ask_llm", arguments, json!({"sampling": {}}), of)
    };
    let asked = raw.ask(1, "tools/call", round(json!({}))).await;
    let asked = &asked["result"];
    let question = &asked["inputRequests"]["0"];
    assert_eq!(question["method"], "sampling/createMessage", "{asked}");
    server.idle().await;
    let message =
        json!({"role": "assistant", "content": {"type": "text", "text": "late"}, "model": "m"});
    let of = json!({"requestState": asked["requestState"], "inputResponses": {"0": message}});
    let done = raw.ask(2, "tools/call", round(of)).await;
    assert_eq!(done["result"]["isError"], true, "{done}");
}

#[tokio::test]
async fn a_call_that_waits_goes_on_though_its_plugin_is_gone() {
    let (server, mut raw, state) = asked().await;
    server.extensions.publish(&[]);
    let of = json!({"requestState": state, "inputResponses": {"0": {"action": "decline"}}});
    let done = raw.ask(2, "tools/call", round("Where to?", of)).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
}

#[tokio::test]
async fn the_guest_of_a_client_that_does_not_come_back_ends() {
    let (server, raw, _) = asked().await;
    assert_eq!(server.host.stats().calls_in_flight, 1);
    raw.vanish().await;
    server.idle().await;
}

#[tokio::test]
async fn a_call_does_not_wait_for_its_client_for_ever() {
    let (server, _raw, _) = asked().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(301)).await;
    server.idle().await;
}
