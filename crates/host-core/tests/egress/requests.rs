//! Methods, paths, redirects, and what a request says of itself.

use portcullis_host_core::{DenyCode, Error};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::support::{Way, request, stage, through_every_way, with};

through_every_way! {
    async fn path_tricks_do_not_leave_a_paths_rule(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{port}/v1/*")).set().await;
        for path in [
            "/v1/../admin", "/v1/./a", "/v1/%2e%2e/admin", "/v1/.%2e/admin", "/v1/%2E%2E%2Fadmin",
            "/v1/..%2fadmin", "/v1/..%5cadmin", "/v1/..\\admin", "/v1//admin", "//v1/a", "/v1/;/../admin",
            "/v1/a;b", "/v1/a%3bb", "/v1/%252e%252e/admin", "/v1/%00", "/v1/%zz", "/v1/a%", "/v1/%c0%ae/a",
            "/v1/a b", "/v1/\u{ff0e}\u{ff0e}/admin", "/v1/%0d%0a", "/v1/a\"b", "/v1/<a>", "v1/a",
            "*", "http://127.0.0.2/v1/a",
        ] {
            let answer = stage.send(with(request(&format!("GET http://127.0.0.1:{port}/")), "path", path)).await;
            assert_eq!(answer.code(), "invalid", "{path}: {answer:?}");
            stage.was_denied(&answer, DenyCode::InvalidRequest);
        }
        for path in ["/v2/a", "/v1x", "/", "/V1/a", "/v1%20/a", "/%76%32/a"] {
            let answer = stage.fetch(&format!("GET http://127.0.0.1:{port}{path}")).await;
            stage.was_denied(&answer, DenyCode::NotGranted);
        }
        server.was_left_alone();
    }

    async fn what_is_sent_is_what_was_decided_on(way) {
        let server = Server::hello().await;
        let port = server.port();
        let rule = format!("http:http://127.0.0.1:{port}/v1/*");
        let stage = stage(way).allow(&rule).set().await;
        // A query is no part of a rule: nothing in it is read as a path.
        let answer = stage.fetch(&format!("GET http://127.0.0.1:{port}/v1/a%20b?x=/../../%2e%2e&y=1")).await;
        stage.was_allowed(&answer, &rule).await;
        let seen = server.seen().requests.concat().to_ascii_lowercase();
        assert!(seen.starts_with("get /v1/a%20b?x=/../../%2e%2e&y=1 http/1.1\r\n"), "{seen}");
        assert_eq!(seen.matches("\r\nhost:").count(), 1, "{seen}");
        assert!(seen.contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")), "{seen}");

        // What is behind a `#` is cut off before the rules see it, and is not sent.
        stage.fetch(&format!("GET http://127.0.0.1:{port}/v1/a#/../../b")).await;
        assert!(server.seen().requests[1].starts_with("GET /v1/a HTTP/1.1\r\n"));
    }

    async fn methods_are_few_and_each_is_granted(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:GET,POST http://127.0.0.1:{port}")).set().await;
        for method in ["CONNECT", "TRACE", "PURGE", "get", "PRI", "GET /", "G\r\nET", ""] {
            let request = with(request(&format!("GET http://127.0.0.1:{port}/")), "method", method);
            let answer = stage.send(request).await;
            assert_eq!(answer.code(), "invalid", "{method}: {answer:?}");
            stage.was_denied(&answer, DenyCode::InvalidRequest);
        }
        for method in ["PUT", "DELETE"] {
            let answer = stage.fetch(&format!("{method} http://127.0.0.1:{port}/")).await;
            stage.was_denied(&answer, DenyCode::NotGranted);
        }
        server.was_left_alone();
    }

    async fn schemes_are_http_and_https(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{port}")).set().await;
        for scheme in ["ftp", "file", "ws", "gopher", "httpx"] {
            let request = with(request(&format!("GET http://127.0.0.1:{port}/")), "scheme", scheme);
            let answer = stage.send(request).await;
            assert_ne!(answer.code(), "ok", "{scheme}");
        }
        server.was_left_alone();
    }

    async fn a_redirect_is_a_new_request(way) {
        let forbidden = Server::forbidden().await;
        let targets = [
            format!("http://127.0.0.1:{}/", forbidden.port()),
            format!("http://localhost:{}/", forbidden.port()),
            format!("http://inside.example.com:{}/", forbidden.port()),
            format!("http://2130706433:{}/", forbidden.port()),
            format!("http://[::ffff:127.0.0.1]:{}/", forbidden.port()),
            format!("//127.0.0.1:{}/", forbidden.port()),
            "http://169.254.169.254/latest/meta-data/".into(),
            "/v1/../admin".into(),
            "/admin".into(),
            "file:///etc/passwd".into(),
        ];
        for target in targets {
            for status in [301, 302, 303, 307, 308] {
                let to = target.clone();
                let server = Server::start(move |request| match request.contains("/v1/start") {
                    true => Reply::status(status, &[("location", &to)], ""),
                    false => Reply::ok("followed"),
                })
                .await;
                let port = server.port();
                let stage = stage(way)
                    .allow(format!("http:http://127.0.0.1:{port}/v1/*"))
                    .allow(format!("http:http://inside.example.com:{}", forbidden.port()))
                    .name("inside.example.com", &["127.0.0.1"])
                    .set()
                    .await;
                let answer = stage.fetch(&format!("GET http://127.0.0.1:{port}/v1/start")).await;
                assert_ne!(answer.body(), "followed", "{target} {status}");
                assert_eq!(server.seen().requests.len(), 1, "{target} {status}");
                forbidden.was_left_alone();
            }
        }
    }

    async fn a_denial_reaches_the_operator_with_its_remedy_and_the_guest_with_a_code(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).set().await;
        let asked = json!({ "request": request(&format!("POST http://127.0.0.1:{port}/v1/a?token=hush")) });
        let Error::Denied { error, denials } = stage.ask("insist", asked).await.unwrap_err() else {
            panic!("it was denied");
        };
        assert_eq!(error.code, "denied");
        let remedies: Vec<_> = denials.iter().flat_map(|denial| &denial.remedies).map(ToString::to_string).collect();
        assert_eq!(remedies, [format!("--allow 'http:POST http://127.0.0.1:{port}/v1/a'")]);
        let told = format!("{error:?}");
        assert!(!told.contains("--allow") && !told.contains("grant"), "{told}");
        let records = serde_json::to_string(&stage.trail.take()).unwrap();
        assert!(!records.contains("hush"), "{records}");
        server.was_left_alone();
    }
}

/// The part of the test below that runs in a process of its own, where the variables are set.
const IN_CHILD: &str = "PORTCULLIS_TEST_BEHIND_PROXY";

#[tokio::test]
async fn proxies_in_the_hosts_environment_are_not_used() {
    if std::env::var_os(IN_CHILD).is_some() {
        for way in [Way::P2, Way::P3, Way::Sdk] {
            let server = Server::hello().await;
            let url = format!("http://127.0.0.1:{}", server.port());
            let stage = stage(way).allow(format!("http:{url}")).set().await;
            assert_eq!(stage.fetch(&format!("GET {url}/")).await.body(), "hello");
        }
        return;
    }
    let proxy = Server::forbidden().await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "requests::proxies_in_the_hosts_environment_are_not_used",
    ]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(name, format!("http://{}", proxy.address));
    }
    child.env(IN_CHILD, "1");
    let output = tokio::task::spawn_blocking(move || child.output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    proxy.was_left_alone();
}
