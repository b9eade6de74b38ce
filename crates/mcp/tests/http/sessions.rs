//! Whose a session is, and what becomes of one whose client is gone.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::*;

fn ping() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })
}

/// The last event id in a piece of a stream.
fn event(text: &str) -> Option<String> {
    let mut ids = text.lines().filter_map(|line| line.strip_prefix("id:"));
    ids.next_back().map(|id| id.trim().to_owned())
}

#[tokio::test]
async fn a_session_is_there_for_its_own_token_alone() {
    let served = Served::start().await;
    let bob = served.token("bob");
    served.lets_in(&bob).await;
    let id = served.session().await;
    let others = served.request().bearer(&bob).session(&id);
    let unknown = served
        .request()
        .bearer(&bob)
        .session("b8a0e1fc-22a8-4f0e-8f3b-2f5a3f0a9a11");
    for (method, body) in [
        (Method::POST, ping().to_string()),
        (Method::GET, String::new()),
        (Method::DELETE, String::new()),
    ] {
        let (others, unknown) = (
            others.send(method.clone(), body.clone()).await,
            unknown.send(method.clone(), body).await,
        );
        assert_eq!(others.status, StatusCode::NOT_FOUND, "{method}");
        assert_eq!(
            (others.status, &others.body),
            (unknown.status, &unknown.body),
            "{method}"
        );
    }
    let own = served.request().session(&id).post(ping()).await;
    assert_eq!(own.status, StatusCode::OK);
}

#[tokio::test]
async fn session_ids_are_random() {
    let served = Served::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let id = served.session().await;
        let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
        assert!(digits >= 30, "{id}");
        assert!(seen.insert(id));
    }
}

#[tokio::test]
async fn ended_sessions_are_not_there_any_more() {
    let served = Served::start().await;
    let id = served.session().await;
    let own = served.request().session(&id);
    let ended = own.send(Method::DELETE, "").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    eventually(async || own.post(ping()).await.status == StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_call_whose_connection_broke_off_is_resumed_by_its_own_session_alone() {
    let served = Served::start().await;
    let id = served.session().await;
    let own = served.request().session(&id);
    let mut begun = own
        .begin(Method::POST, call("gate", json!({})).to_string())
        .await;
    let first = begun.piece().await.unwrap();
    let last = event(&first).expect("an event that can be resumed from");
    assert!(first.contains("retry:"), "{first}");
    served.entered().await;
    begun.vanish().await;
    let other = served.session().await;
    let foreign = served
        .request()
        .session(&other)
        .header("last-event-id", &last)
        .get()
        .await;
    assert!(foreign.messages().is_empty(), "{foreign:?}");
    let mut resumed = own
        .header("last-event-id", &last)
        .begin(Method::GET, "")
        .await;
    assert_eq!(resumed.answer.status(), StatusCode::OK);
    served.let_go();
    let mut text = String::new();
    while !text.contains("through") {
        text += &resumed.piece().await.expect("the answer");
    }
}

#[tokio::test]
async fn several_calls_of_one_session_are_answered_each_on_its_own_stream() {
    let served = Served::start().await;
    let id = served.session().await;
    let own = served.request().session(&id);
    let ask = |number: u64| {
        let mut message = call("gate", json!({}));
        message["id"] = number.into();
        let own = own.clone();
        async move { own.post(message).await }
    };
    let let_go = async {
        for _ in 0..3 {
            served.entered().await;
        }
        (0..3).for_each(|_| served.let_go());
    };
    let (answers, ()) = tokio::join!(futures::future::join_all((1..=3).map(ask)), let_go);
    for (answer, number) in answers.iter().zip(1..) {
        let ids: Vec<_> = answer
            .messages()
            .iter()
            .map(|message| message["id"].clone())
            .collect();
        assert_eq!(ids, [json!(number)]);
    }
}

#[tokio::test]
async fn a_client_that_vanishes_in_a_call_takes_its_guest_with_it() {
    let brief = Duration::from_millis(50);
    let served = Served::configured(|options| options.limits.reconnect = brief).await;
    for tool in ["spin", "wait"] {
        let id = served.session().await;
        let own = served.request().session(&id);
        let begun = own
            .begin(Method::POST, call(tool, json!({})).to_string())
            .await;
        served.until_busy().await;
        begun.vanish().await;
        served.until_idle().await;
        eventually(async || own.post(ping()).await.status == StatusCode::NOT_FOUND).await;
    }
}

#[tokio::test]
async fn a_client_of_the_newest_revision_that_vanishes_takes_its_guest_with_it() {
    let served = Served::start().await;
    let message = newest_call("spin", json!({}));
    let request = served.request().newest("spin");
    let asking = tokio::spawn(async move {
        request.begin(Method::POST, message.to_string()).await;
    });
    served.until_busy().await;
    asking.abort();
    let _ = asking.await;
    served.until_idle().await;
}

#[tokio::test]
async fn a_call_that_asked_goes_on_for_its_own_token_alone() {
    let served = Served::start().await;
    let bob = served.token("bob");
    served.lets_in(&bob).await;
    let own = served.request().newest("order");
    let order = newest_call("order", json!({ "message": "Where to?" }));
    let asked = own.post(order.clone()).await.result();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let mut answered = order;
    answered["params"]["requestState"] = asked["requestState"].clone();
    answered["params"]["inputResponses"] = json!({ "0": { "action": "decline" } });
    let others = own.clone().bearer(&bob).post(answered.clone()).await;
    assert_eq!(others.messages()[0]["error"]["code"], -32_602, "{others:?}");
    let done = own.post(answered).await.result();
    assert_eq!(done["content"][0]["text"], "\"declined\"", "{done}");
}

#[tokio::test]
async fn a_call_that_asked_ends_with_its_token() {
    let served = Served::start().await;
    let order = newest_call("order", json!({ "message": "Where to?" }));
    served.request().newest("order").post(order).await.result();
    assert_eq!(served.host.stats().calls_in_flight, 1);
    served.tokens.revoke(&"ada".parse().unwrap()).unwrap();
    served.until_idle().await;
}

#[tokio::test]
async fn a_session_without_any_connection_ends_after_a_while() {
    let brief = Duration::from_millis(50);
    let served = Served::configured(|options| options.limits.idle = brief).await;
    let id = served.session().await;
    let own = served.request().session(&id);
    eventually(async || {
        // Whoever asks is there: what is asked for is silence.
        tokio::time::sleep(brief * 4).await;
        own.post(ping()).await.status == StatusCode::NOT_FOUND
    })
    .await;
}
