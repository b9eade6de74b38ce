//! What machines ask that watch a server.

use http::{Method, StatusCode};
use portcullis_mcp::http::TokenTerms;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn health_is_told_to_anybody_by_any_name() {
    let served = Served::start().await;
    for path in ["/healthz", "/readyz"] {
        let asked = Asked::new(served.address)
            .at(path)
            .header("host", "10.1.2.3");
        assert_eq!(asked.get().await.status, StatusCode::OK, "{path}");
        let posted = asked.send(Method::POST, "").await;
        assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn metrics_are_told_to_tokens_that_may_read_them() {
    let served = Served::start().await;
    let nobody = Asked::new(served.address).at("/metrics");
    assert_eq!(nobody.get().await.status, StatusCode::UNAUTHORIZED);
    let ada = served.request().at("/metrics").get().await;
    assert_eq!(ada.status, StatusCode::FORBIDDEN);
    let watcher = served.token_on(TokenTerms {
        metrics: true,
        plugins: Some(Default::default()),
        ..terms("watcher")
    });
    let id = served.session().await;
    served
        .request()
        .session(&id)
        .post(call("count", json!({})))
        .await;
    let metrics = nobody.bearer(&watcher);
    eventually(async || metrics.get().await.status == StatusCode::OK).await;
    let told = metrics.get().await;
    let media_type = told.header("content-type").unwrap();
    assert!(
        media_type.starts_with("text/plain; version=0.0.4"),
        "{media_type}"
    );
    for name in [
        "portcullis_calls",
        "portcullis_mcp_sessions",
        "http_server_request_duration",
    ] {
        assert!(told.body.contains(name), "{name} in {}", told.body);
    }
    assert!(told.body.contains("well-state"), "{}", told.body);
    assert!(!told.body.contains(&served.ada) && !told.body.contains(&id));
    let foreign = metrics.header("host", "evil.example").get().await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}
