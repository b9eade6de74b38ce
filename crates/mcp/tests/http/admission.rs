//! Who is let in, and what is there for whom.

use http::{Method, StatusCode};
use portcullis_mcp::http::TokenTerms;
use serde_json::json;

use crate::support::*;

fn list() -> serde_json::Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let served = Served::start().await;
    let nobody = Asked::new(served.address);
    for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
        let refused = nobody.send(method.clone(), initialize().to_string()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method}");
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer realm=\"portcullis\"")
        );
    }
}

#[tokio::test]
async fn nobody_comes_in_with_a_wrong_token() {
    let served = Served::start().await;
    let ada = served.ada.as_str();
    let values = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer portcullis_".to_owned(),
        format!("Bearer {}", &ada[..ada.len() - 1]),
        format!("Bearer {ada}x"),
        format!("Basic {ada}"),
        ada.to_owned(),
    ];
    for value in values {
        let asked = Asked::new(served.address).header("authorization", &value);
        let refused = asked.post(initialize()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{value}");
        assert!(!refused.body.contains(ada), "{refused:?}");
    }
    let twice = served.request().and_header("authorization", "Bearer other");
    assert_eq!(
        twice.post(initialize()).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused_and_said_to_be() {
    let served = Served::start().await;
    let expired = served.token_on(TokenTerms {
        expires: Some(past()),
        ..terms("old")
    });
    eventually(async || {
        let refused = served.request().bearer(&expired).post(initialize()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        refused.body.contains("expired")
    })
    .await;
}

#[tokio::test]
async fn a_token_made_while_the_server_runs_counts_soon() {
    let served = Served::start().await;
    let bob = served.token("bob");
    eventually(async || {
        let opened = served.request().bearer(&bob).post(initialize()).await;
        opened.status == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_its_sessions_end() {
    let served = Served::start().await;
    let id = served.session().await;
    let listening = served.request().session(&id);
    let mut listening = listening.begin(Method::GET, "").await;
    let calling = served.request().session(&id);
    let message = call("wait", json!({})).to_string();
    let _calling = calling.begin(Method::POST, message).await;
    served.until_busy().await;
    served.tokens.revoke(&"ada".parse().unwrap()).unwrap();
    while listening.piece().await.is_some() {}
    served.until_idle().await;
    let refused = served.request().session(&id).post(list()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_shows_the_plugins_that_are_there_for_it_alone() {
    let served = Served::start().await;
    let scoped = served.token_on(TokenTerms {
        plugins: Some(["well-state".parse().unwrap()].into()),
        tools: Some(vec!["well-state/re*".parse().unwrap()]),
        ..terms("bob")
    });
    eventually(async || {
        let opened = served.request().bearer(&scoped).post(initialize()).await;
        opened.status == StatusCode::OK
    })
    .await;
    let id = served.session_of(&scoped).await;
    let asked = served.request().bearer(&scoped).session(&id);
    let listed = asked.post(list()).await.result();
    let names = listed["tools"].as_array().unwrap().iter();
    let mut names: Vec<_> = names.filter_map(|tool| tool["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["recall", "remember"]);
    for hidden in ["count", "wait"] {
        let answer = asked.post(call(hidden, json!({}))).await;
        assert!(
            answer
                .messages()
                .iter()
                .any(|message| message.get("error").is_some()),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn plugins_keep_apart_what_they_keep_for_different_tokens() {
    let served = Served::start().await;
    let bob = served.token("bob");
    eventually(async || {
        let opened = served.request().bearer(&bob).post(initialize()).await;
        opened.status == StatusCode::OK
    })
    .await;
    let remember = async |token: &str, text: &str| {
        let id = served.session_of(token).await;
        let asked = served.request().bearer(token).session(&id);
        let answer = asked.post(call("remember", json!({ "text": text }))).await;
        answer.result().to_string()
    };
    remember(&served.ada, "ada's").await;
    let bobs = remember(&bob, "bob's").await;
    assert!(!bobs.contains("ada"), "{bobs}");
    let adas = remember(&served.ada, "more").await;
    assert!(adas.contains("ada's"), "{adas}");
}
