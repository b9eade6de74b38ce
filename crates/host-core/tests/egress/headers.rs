//! Header fields and trailers that are not a guest's to write.

use portcullis_host_core::{CallOptions, DenyCode, ErrorKind};
use serde_json::json;

use crate::server::Server;
use crate::support::{request, stage, through_every_way, with};

/// Fields that say where a message ends, whom it is for, or that it means something else.
const FORBIDDEN: [&str; 18] = [
    "Host",
    "host",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Expect",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "HTTP2-Settings",
    "Proxy-Connection",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Anything",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "Alt-Used",
];

through_every_way! {
    async fn fields_that_are_the_gates_own_are_refused(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:GET,POST http://127.0.0.1:{port}")).set().await;
        for name in FORBIDDEN {
            let asked = with(request(&format!("POST http://127.0.0.1:{port}/")), "headers", json!([[name, "x"]]));
            let answer = stage.send(asked).await;
            assert_eq!(answer.code(), "invalid", "{name}: {answer:?}");
            stage.was_denied(&answer, DenyCode::ForbiddenHeader);
        }
        server.was_left_alone();
        stage.is_well().await;
    }

    async fn a_field_can_not_carry_another(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{port}")).set().await;
        for (name, value) in [
            ("x-a", "b\r\nhost: evil.example"),
            ("x-a", "b\nhost: evil.example"),
            ("x-a", "b\rc"),
            ("x-a", "b\0c"),
            ("x-a\r\nhost", "evil.example"),
            ("x-a\0", "b"),
            ("x a", "b"),
            ("x-a:", "b"),
            (":authority", "evil.example"),
            (":path", "/admin"),
            ("", "b"),
        ] {
            let asked = with(request(&format!("GET http://127.0.0.1:{port}/")), "headers", json!([[name, value]]));
            let answer = stage.send(asked).await;
            assert_eq!(answer.code(), "invalid", "{name:?} {value:?}: {answer:?}");
        }
        server.was_left_alone();
    }

    async fn a_length_that_is_not_the_bodys_smuggles_nothing(way) {
        let server = Server::hello().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:GET,POST http://127.0.0.1:{port}"))
            .limits(|limits| limits.first_byte_time = Some(std::time::Duration::from_secs(5)))
            .set()
            .await;
        let smuggled = "x\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
        let one = |length| json!([["content-length", length]]);
        let mut lengths = ["1", "0", "1000", "-1", "+44", "44, 44", "0x10", "18446744073709551616", ""].map(one).to_vec();
        lengths.push(json!([["content-length", "1"], ["content-length", "44"]]));
        for headers in lengths {
            let asked = with(request(&format!("POST http://127.0.0.1:{port}/")), "headers", headers);
            stage.send(with(asked, "pieces", json!([smuggled]))).await;
            // The next request is answered by its own response.
            let told = stage.fetch(&format!("GET http://127.0.0.1:{port}/next")).await;
            assert_eq!(told.body(), "hello", "{told:?}");
        }
        let requests = server.seen().requests;
        assert!(!requests.iter().any(|request| request.contains("smuggled")), "{requests:?}");
    }

    async fn too_many_fields_and_too_large_ones_are_refused(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{port}")).set().await;
        let many: Vec<_> = (0..2_000).map(|number| json!([format!("x-{number}"), "y"])).collect();
        let large = vec![json!(["x-a", "y".repeat(100 * 1024)])];
        for headers in [many, large] {
            let asked = with(request(&format!("GET http://127.0.0.1:{port}/")), "headers", headers);
            // WASI 0.2 has no word for it, so the call ends there.
            match stage.plugin.call("fetch", json!({ "request": asked }), CallOptions::default()).await {
                Ok(output) => {
                    let code = &output.structured.unwrap()["code"];
                    assert!(*code == "invalid" || *code == "quota-exceeded", "{code}");
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Trapped, "{error}"),
            }
        }
        server.was_left_alone();
        stage.is_well().await;
    }
}

/// The SDK's client sends no trailers.
#[tokio::test]
async fn forbidden_fields_are_refused_in_trailers_too() {
    use crate::support::Way;
    for way in [Way::P2, Way::P3] {
        let server = Server::hello().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:POST http://127.0.0.1:{port}"))
            .set()
            .await;
        for name in FORBIDDEN {
            let asked = request(&format!("POST http://127.0.0.1:{port}/"));
            let asked = with(asked, "pieces", json!(["body"]));
            let answer = stage
                .send(with(asked, "trailers", json!([[name, "x"]])))
                .await;
            assert_eq!(answer.code(), "invalid", "{way:?} {name}: {answer:?}");
        }
        let seen = server.seen();
        assert!(seen.requests.is_empty(), "{seen:?}");
        stage.is_well().await;
    }
}
