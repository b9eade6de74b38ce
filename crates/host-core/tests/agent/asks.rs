//! Plugins that ask a person: who may, what can be asked, what comes of an answer, and whose person it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_host_core::{
    Ask, AskAnswer, CallOptions, Content, Error, Host, Plugin, ServiceCaller, ServiceError,
    Services,
};
use portcullis_test_artifacts::{HOSTILE_RESOURCES, WELL_RESOURCES, WELL_RESOURCES_SYNC};
use serde_json::{Value, json};

use crate::support::*;

/// The guest that asks, by the async function and by its sync-typed twin.
const BOTH: [&str; 2] = [WELL_RESOURCES, WELL_RESOURCES_SYNC];

/// Answers always the same, and notes what it was asked.
struct Person {
    answer: Result<AskAnswer, ServiceError>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Person {
    fn who_says(answer: Result<AskAnswer, ServiceError>) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self { answer, asked })
    }

    fn services(self: &Arc<Self>) -> Services {
        Services {
            ask: Some(self.clone()),
            ..Services::default()
        }
    }

    fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

#[async_trait]
impl Ask for Person {
    async fn ask(
        &self,
        caller: &ServiceCaller,
        message: &str,
        schema: &Value,
    ) -> Result<AskAnswer, ServiceError> {
        assert_eq!(caller.chain.links().len(), 1);
        let question = (message.to_owned(), schema.clone());
        self.asked.lock().unwrap().push(question);
        self.answer.clone()
    }
}

fn accepted(value: Value) -> Arc<Person> {
    Person::who_says(Ok(AskAnswer::Accepted(value)))
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 0}},
        "required": ["age"],
    })
}

/// Has the guest put a question, and gives what it was told.
async fn ask_for(
    plugin: &Plugin,
    message: &str,
    schema: Value,
    options: CallOptions,
) -> Result<Value, Error> {
    let arguments = json!({ "message": message, "schema": schema });
    let output = plugin.call("ask_for", arguments, options).await?;
    Ok(output.structured.unwrap())
}

async fn allowed(host: &Host, guest: &str) -> Plugin {
    host.load(guest, granted(&["ask"])).await.unwrap()
}

fn of(person: &Arc<Person>) -> CallOptions {
    CallOptions {
        services: person.services(),
        ..long()
    }
}

#[tokio::test]
async fn who_was_not_granted_it_asks_nobody() {
    let person = accepted(json!({"age": 7}));
    let host = builder().services(person.services()).build().unwrap();
    for guest in BOTH {
        let plugin = load(&host, guest).await;
        let error = ask_for(&plugin, "How old?", schema(), long())
            .await
            .unwrap_err();
        assert_eq!(code(&error), "denied");
        let helps = |remedy: &portcullis_host_core::Remedy| remedy.to_string().contains("ask");
        assert!(remedies(error).iter().any(helps));
    }
    assert!(person.take().is_empty());
}

#[tokio::test]
async fn where_there_is_nobody_to_ask_that_is_said() {
    for guest in BOTH {
        let plugin = allowed(&host(), guest).await;
        let error = ask_for(&plugin, "How old?", schema(), long())
            .await
            .unwrap_err();
        assert_eq!(code(&error), "unavailable");
    }
}

#[tokio::test]
async fn an_answer_reaches_the_plugin() {
    for guest in BOTH {
        let host = host();
        let plugin = allowed(&host, guest).await;
        for (answer, told) in [
            (
                AskAnswer::Accepted(json!({"age": 7, "more": 1})),
                json!({"age": 7}),
            ),
            (AskAnswer::Declined, json!("declined")),
            (AskAnswer::Cancelled, json!("cancelled")),
        ] {
            let person = Person::who_says(Ok(answer));
            let said = ask_for(&plugin, "How old?", schema(), of(&person)).await;
            assert_eq!(said.unwrap(), told);
            assert_eq!(person.take(), [("How old?".to_owned(), schema())]);
        }
        let elsewhere = ServiceError::unavailable("nobody is here", true);
        let person = Person::who_says(Err(elsewhere));
        let error = ask_for(&plugin, "How old?", schema(), of(&person)).await;
        assert_eq!(code(&error.unwrap_err()), "unavailable");
        nothing_runs(&host);
    }
}

#[tokio::test]
async fn a_person_is_asked_for_what_a_rust_type_holds() {
    for guest in BOTH {
        let plugin = allowed(&host(), guest).await;
        let person = accepted(json!({"address": "Bergen", "express": true}));
        let arguments = json!({ "message": "Where to?" });
        let output = plugin.call("order", arguments, of(&person)).await.unwrap();
        assert_eq!(output.structured, Some(json!(["Bergen", true])));
        let (_, schema) = person.take().remove(0);
        assert_eq!(schema["properties"]["express"]["type"], "boolean");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_reaches_no_plugin() {
    let plugin = allowed(&host(), WELL_RESOURCES).await;
    for wrong in [
        json!({}),
        json!({"age": -1}),
        json!({"age": "7"}),
        json!([]),
    ] {
        let person = accepted(wrong.clone());
        let error = ask_for(&plugin, "How old?", schema(), of(&person)).await;
        assert_eq!(code(&error.unwrap_err()), "unavailable", "{wrong}");
    }
}

#[tokio::test]
async fn what_no_form_can_ask_for_is_put_to_nobody() {
    let plugin = allowed(&host(), WELL_RESOURCES).await;
    let person = accepted(json!({}));
    let nested = json!({"type": "object", "properties": {"a": {"type": "object"}}});
    let long = "x".repeat(20_000);
    let titled = json!({"type": "string", "title": long});
    let large = json!({"type": "object", "properties": {"a": titled}});
    for (message, schema) in [
        ("How old?", nested),
        ("How old?", json!([])),
        ("How old?", large),
        (long.as_str(), schema()),
        (" ", schema()),
    ] {
        let error = ask_for(&plugin, message, schema, of(&person))
            .await
            .unwrap_err();
        assert!(code(&error).starts_with("invalid"), "{error}");
    }
    assert!(person.take().is_empty());
}

#[tokio::test]
async fn a_person_is_not_asked_without_end() {
    let plugin = allowed(&host(), HOSTILE_RESOURCES).await;
    let person = Person::who_says(Ok(AskAnswer::Declined));
    let output = plugin
        .prompt("pester", BTreeMap::new(), of(&person))
        .await
        .unwrap();
    let told = |message: usize| output.messages[message].content.clone();
    assert_eq!(told(15), Content::Text("answered".into()));
    assert_eq!(told(16), Content::Text("quota-exceeded".into()));
    assert_eq!(person.take().len(), 16);
}

#[tokio::test]
async fn a_calls_own_person_takes_the_place_of_the_hosts() {
    let (hosts, own) = (accepted(json!({"age": 1})), accepted(json!({"age": 2})));
    let host = builder().services(hosts.services()).build().unwrap();
    let plugin = allowed(&host, WELL_RESOURCES).await;
    for (options, age) in [(of(&own), 2), (long(), 1)] {
        let told = ask_for(&plugin, "How old?", schema(), options).await;
        assert_eq!(told.unwrap(), json!({"age": age}));
    }
}
