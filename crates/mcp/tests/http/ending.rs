//! How a server ends.

use http::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpStream;

use crate::support::*;

#[tokio::test]
async fn calls_that_run_are_answered_before_the_end() {
    let mut served = Served::start().await;
    let id = served.session().await;
    let own = served.request().session(&id);
    let asking = tokio::spawn(async move { own.post(call("gate", json!({}))).await });
    served.entered().await;
    served.stop();
    let address = served.address;
    eventually(async || TcpStream::connect(address).await.is_err()).await;
    served.let_go();
    let answer = within(asking).await.unwrap();
    assert!(answer.body.contains("through"), "{answer:?}");
    served.ended().await;
}

#[tokio::test]
async fn who_only_listens_holds_up_no_end() {
    let mut served = Served::start().await;
    let id = served.session().await;
    let listening = served.request().session(&id);
    let mut listening = listening.begin(Method::GET, "").await;
    assert_eq!(listening.answer.status(), StatusCode::OK);
    served.stop();
    while listening.piece().await.is_some() {}
    served.ended().await;
}

#[tokio::test]
async fn a_call_that_does_not_end_is_ended() {
    let brief = Duration::from_millis(50);
    let mut served = Served::configured(|options| options.limits.grace = brief).await;
    let id = served.session().await;
    let own = served.request().session(&id);
    let message = call("spin", json!({})).to_string();
    let _calling = own.begin(Method::POST, message).await;
    served.until_busy().await;
    served.stop();
    served.until_idle().await;
    served.ended().await;
}
