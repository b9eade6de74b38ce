//! What clients may use, and no more.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sessions_are_held_and_no_more() {
    let served = Served::configured(|options| {
        options.limits.sessions_each = 1_000;
        options.limits.sessions = 1_001;
    })
    .await;
    let bob = served.token("bob");
    served.lets_in(&bob).await;
    let first = served.session().await;
    for number in 1..1_000 {
        let opened = served.request().post(initialize()).await;
        assert_eq!(opened.status, StatusCode::OK, "{number}");
    }
    let own = served.request().post(initialize()).await;
    assert_eq!(own.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(own.header("retry-after").is_some());
    let all = served.request().bearer(&bob).post(initialize()).await;
    assert_eq!(all.status, StatusCode::SERVICE_UNAVAILABLE);
    let first = served.request().session(&first);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(first.post(ping).await.status, StatusCode::OK);
    first.send(Method::DELETE, "").await;
    served.lets_in(&bob).await;
}

#[tokio::test]
async fn a_token_asks_no_more_often_than_it_may() {
    let served = Served::configured(|options| options.limits.requests_per_minute = 40).await;
    let bob = served.token("bob");
    let mut refused = None;
    for _ in 0..60 {
        let asked = served.request().get().await;
        if asked.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(asked);
            break;
        }
    }
    let refused = refused.expect("a request too many");
    assert!(refused.header("retry-after").is_some());
    // Others have a rate of their own.
    served.lets_in(&bob).await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off_and_holds_up_nobody() {
    let served = Served::configured(|options| {
        options.limits.stall = Duration::from_millis(200);
        options.limits.connections = 2;
    })
    .await;
    let id = served.session().await;
    let slow = TcpSocket::new_v4().unwrap();
    slow.set_recv_buffer_size(4_096).unwrap();
    let slow = slow.connect(served.address).await.unwrap();
    // More than the system's buffers on both sides hold, and less than a tool may answer.
    let bytes = 15_000_000;
    let message = call("huge_output", json!({ "bytes": bytes })).to_string();
    let asked = served.request().session(&id);
    let unread = asked.begin_over(slow, Method::POST, message).await;
    let other = served.session().await;
    let other = served.request().session(&other);
    let read = other
        .post(call("huge_output", json!({ "bytes": bytes })))
        .await;
    assert!(
        read.body.len() > bytes,
        "{}",
        &read.body[..read.body.len().min(300)]
    );
    let count = other.post(call("count", json!({}))).await;
    assert_eq!(count.status, StatusCode::OK);
    // With one place taken by who listens, the next has to wait for that of the client that is cut off.
    let _listening = other.begin(Method::GET, "").await;
    assert_eq!(
        served.request().at("/healthz").get().await.status,
        StatusCode::OK
    );
    drop(unread);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let served = Served::configured(|options| options.limits.connections = 1).await;
    let id = served.session().await;
    let listening = served.request().session(&id).begin(Method::GET, "").await;
    let waiting = served.request().at("/healthz");
    let waiting = tokio::spawn(async move { waiting.get().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    listening.vanish().await;
    assert_eq!(within(waiting).await.unwrap().status, StatusCode::OK);
}
