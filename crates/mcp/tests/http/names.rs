//! Requests that a page of an attacker's makes a browser send: for another name, or of another origin.

use http::{Method, StatusCode};

use crate::support::*;

#[tokio::test]
async fn a_name_that_is_not_the_servers_is_refused_before_anything_else() {
    let served = Served::start().await;
    for host in ["evil.example", "localhost.evil.example", "10.0.0.1:80"] {
        let refused = served
            .request()
            .header("host", host)
            .post(initialize())
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{host}");
        let nobody = Asked::new(served.address).header("host", host);
        assert_eq!(nobody.get().await.status, StatusCode::FORBIDDEN, "{host}");
    }
    let port = served.address.port();
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        "[::1]".into(),
    ] {
        let opened = served
            .request()
            .header("host", &host)
            .post(initialize())
            .await;
        assert_eq!(opened.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_even_with_a_token() {
    let served = Served::start().await;
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:1",
        "https://localhost",
    ] {
        let refused = served
            .request()
            .header("origin", origin)
            .post(initialize())
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin}");
    }
    let own = format!("http://{}", served.address);
    let opened = served
        .request()
        .header("origin", &own)
        .post(initialize())
        .await;
    assert_eq!(opened.status, StatusCode::OK);
}

#[tokio::test]
async fn no_page_is_told_that_it_may_ask() {
    let served = Served::start().await;
    let own = format!("http://{}", served.address);
    let preflight = Asked::new(served.address)
        .header("origin", &own)
        .header("access-control-request-method", "POST");
    let answers = [
        preflight.send(Method::OPTIONS, "").await,
        served
            .request()
            .header("origin", &own)
            .post(initialize())
            .await,
    ];
    assert!(!answers[0].status.is_success());
    for answer in answers {
        let mut names = answer.headers.keys().map(|name| name.as_str());
        assert!(
            !names.any(|name| name.starts_with("access-control")),
            "{answer:?}"
        );
    }
}
