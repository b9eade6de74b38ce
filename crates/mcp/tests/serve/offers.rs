//! Resources, templates, prompts, and what can be completed.

use std::sync::Arc;

use portcullis_test_artifacts::WELL_RESOURCES;
use rmcp::ClientHandler;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{NotificationContext, RoleClient};
use serde_json::{Value, json};

use crate::support::{Heard, Raw, Server, eventually};

async fn session(server: &Server) -> Raw {
    server.raw_session().await
}

fn names(answer: &Value, list: &str) -> Vec<String> {
    let items = answer["result"][list].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn resources_and_templates_are_listed_and_read() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    let listed = raw.ask(1, "resources/list", json!({})).await;
    assert_eq!(
        names(&listed, "resources"),
        ["all", "kept", "logo", "today"]
    );
    let today = &listed["result"]["resources"][3];
    assert_eq!(today["title"], "Today");
    assert_eq!(
        (&today["uri"], &today["mimeType"]),
        (&json!("notes://today"), &json!("text/markdown"))
    );
    let templates = raw.ask(2, "resources/templates/list", json!({})).await;
    let uris = templates["result"]["resourceTemplates"]
        .as_array()
        .unwrap()
        .iter();
    let uris: Vec<_> = uris
        .map(|one| one["uriTemplate"].as_str().unwrap())
        .collect();
    assert!(uris.contains(&"notes://days/{day}"), "{uris:?}");

    let read = raw
        .ask(3, "resources/read", json!({"uri": "notes://today"}))
        .await;
    let expected =
        json!({"uri": "notes://today", "mimeType": "text/markdown", "text": "# Today\nRest."});
    assert_eq!(read["result"]["contents"], json!([expected]));
    let logo = raw
        .ask(4, "resources/read", json!({"uri": "notes://logo"}))
        .await;
    assert_eq!(logo["result"]["contents"][0]["blob"], "R0lGODlh");
    let monday = raw
        .ask(5, "resources/read", json!({"uri": "notes://days/monday"}))
        .await;
    assert_eq!(monday["result"]["contents"][0]["text"], "monday: nothing.");
    let all = raw
        .ask(6, "resources/read", json!({"uri": "notes://all"}))
        .await;
    assert_eq!(all["result"]["contents"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_address() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    for (id, uri) in (1..).zip(["notes://nothing", "notes://days/never", "no address", ""]) {
        let answer = raw.ask(id, "resources/read", json!({"uri": uri})).await;
        assert_eq!(answer["error"]["code"], -32002, "{answer}");
        assert_eq!(answer["error"]["data"]["uri"], uri);
    }
    let answer = raw
        .ask(9, "resources/subscribe", json!({"uri": "notes://nothing"}))
        .await;
    assert_eq!(answer["error"]["code"], -32002);
}

#[tokio::test]
async fn prompts_are_listed_and_made_of_their_arguments() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    let listed = raw.ask(1, "prompts/list", json!({})).await;
    assert_eq!(
        names(&listed, "prompts"),
        ["greet", "refuse", "review", "show"]
    );
    let arguments = listed["result"]["prompts"][2]["arguments"]
        .as_array()
        .unwrap();
    assert_eq!(
        (&arguments[0]["name"], &arguments[0]["required"]),
        (&json!("code"), &json!(true))
    );
    assert_eq!(arguments[0]["description"], "The code.");

    let params = json!({"name": "review", "arguments": {"code": "1 + 1"}});
    let review = raw.ask(2, "prompts/get", params).await;
    let messages = &review["result"]["messages"];
    assert_eq!(review["result"]["description"], "Reviews 5 characters.");
    assert_eq!(messages[0]["content"]["text"], "Review this:\n1 + 1");
    assert_eq!(messages[1]["role"], "assistant");

    let shown = raw.ask(3, "prompts/get", json!({"name": "show"})).await;
    let kinds = shown["result"]["messages"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|one| &one["content"]["type"]).collect();
    assert_eq!(kinds, ["text", "image", "resource_link", "resource"]);
}

#[tokio::test]
async fn a_prompt_without_its_arguments_or_of_no_name_is_refused() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    for (id, params) in (1..).zip([
        json!({"name": "review"}),
        json!({"name": "review", "arguments": {"code": 7}}),
        json!({"name": "no-such"}),
        json!({"name": ""}),
    ]) {
        let answer = raw.ask(id, "prompts/get", params.clone()).await;
        assert_eq!(answer["error"]["code"], -32602, "{params}: {answer}");
    }
    let refused = raw.ask(9, "prompts/get", json!({"name": "refuse"})).await;
    assert_eq!(refused["error"]["code"], -32603);
    assert_eq!(refused["error"]["message"], "not now");
}

#[tokio::test]
async fn what_an_author_named_is_completed() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    let mut complete = async |id, of: Value, name: &str, value: &str| {
        let params = json!({"ref": of, "argument": {"name": name, "value": value}});
        raw.ask(id, "completion/complete", params).await
    };
    let prompt = json!({"type": "ref/prompt", "name": "review"});
    let style = complete(1, prompt.clone(), "style", "s").await;
    assert_eq!(style["result"]["completion"]["values"], json!(["short"]));
    let code = complete(2, prompt, "code", "x").await;
    assert_eq!(code["result"]["completion"]["values"], json!([]));
    let template = json!({"type": "ref/resource", "uri": "notes://days/{day}"});
    let day = complete(3, template, "day", "").await;
    let values = json!(["monday", "tuesday", "wednesday"]);
    assert_eq!(day["result"]["completion"]["values"], values);
    let nothing = json!({"type": "ref/prompt", "name": "no-such"});
    assert_eq!(complete(4, nothing, "a", "").await["error"]["code"], -32602);
}

#[tokio::test]
async fn a_resource_that_lacks_a_grant_says_which() {
    let server = Server::of(WELL_RESOURCES).await;
    let mut raw = session(&server).await;
    let answer = raw
        .ask(1, "resources/read", json!({"uri": "notes://kept"}))
        .await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("not granted"), "{answer}");
}

/// Notes which resource was said to have changed.
#[derive(Clone, Default)]
struct Follows {
    today: Arc<Heard>,
    others: Arc<Heard>,
}

impl ClientHandler for Follows {
    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        if params.uri == "notes://today" {
            self.today.note();
        } else {
            self.others.note();
        }
    }
}

#[tokio::test]
#[expect(deprecated, reason = "clients of today subscribe so")]
async fn who_subscribed_hears_of_changes_and_of_nothing_else() {
    use rmcp::model::{CallToolRequestParams, SubscribeRequestParams, UnsubscribeRequestParams};
    let server = Server::of(WELL_RESOURCES).await;
    let follows = Follows::default();
    let client = server.client(follows.clone()).await;
    let other = server.client(()).await;
    let uri = || "notes://today".to_owned();
    client
        .subscribe(SubscribeRequestParams::new(uri()))
        .await
        .unwrap();
    let touch = async |uri: &str| {
        let arguments = json!({ "uri": uri }).as_object().unwrap().clone();
        let call = CallToolRequestParams::new("touch").with_arguments(arguments);
        other.call_tool(call).await.unwrap();
    };
    touch("notes://logo").await;
    touch("notes://today").await;
    eventually(|| follows.today.take()).await;
    client
        .unsubscribe(UnsubscribeRequestParams::new(uri()))
        .await
        .unwrap();
    touch("notes://today").await;
    // Whatever was told came before this answer.
    client.list_tools(None).await.unwrap();
    assert!(!follows.today.take() && !follows.others.take());
}
