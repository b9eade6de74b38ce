//! Connections that are kept, and for whom; and TLS.

use std::net::Ipv4Addr;

use portcullis_host_core::{DenyCode, Grant, LoadOptions};

use crate::server::{Reply, Server, pair};
use crate::support::{Way, cap, request, send, stage, through_every_way};

fn url(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port())
}

through_every_way! {
    async fn a_plugins_connection_is_used_again_under_the_same_rule(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:{}", url(&server))).set().await;
        for path in ["/a", "/b", "/c"] {
            let told = stage.fetch(&format!("GET {}{path}", url(&server))).await;
            assert_eq!(told.body(), "hello", "{told:?}");
        }
        assert_eq!(server.seen().connections, 1);
    }

    async fn another_rule_gets_another_connection(way) {
        let server = Server::hello().await;
        let stage = stage(way)
            .allow(format!("http:{}/a", url(&server)))
            .allow(format!("http:{}/b", url(&server)))
            .set()
            .await;
        for path in ["/a", "/b", "/a", "/b"] {
            stage.fetch(&format!("GET {}{path}", url(&server))).await;
        }
        assert_eq!(server.seen().connections, 2);
    }

    async fn another_plugin_gets_another_connection(way) {
        let server = Server::hello().await;
        let rule = format!("http:{}", url(&server));
        let stage = stage(way).allow(&rule).set().await;
        let asked = format!("GET {}/", url(&server));
        stage.fetch(&asked).await;

        // The same file, loaded once more with the same grant.
        let again = stage.neighbour(&rule).await;
        send(&again, request(&asked)).await;
        assert_eq!(server.seen().connections, 2);

        let other = if way == Way::P2 { Way::P3 } else { Way::P2 };
        let other = stage.host.load(other.guest(), Grant::none().allow(cap(&rule))).await.unwrap();
        send(&other, request(&asked)).await;
        assert_eq!(server.seen().connections, 3);

        // A grant that does not reach there, on a host whose pools do.
        let without = stage.host.load(way.guest(), Grant::none()).await.unwrap();
        let told = send(&without, request(&asked)).await;
        assert_eq!(told.code(), "denied");
        assert_eq!(server.seen().requests.len(), 3);
    }

    async fn revoking_a_grant_closes_what_was_kept(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:{}", url(&server))).set().await;
        let asked = format!("GET {}/", url(&server));
        assert_eq!(stage.fetch(&asked).await.code(), "ok");
        stage.plugin.revoke();
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.trail.take();
        let told = stage.fetch(&asked).await;
        stage.was_denied(&told, DenyCode::NotGranted);
        assert_eq!(server.seen().requests.len(), 1);
        stage.is_well().await;
    }

    async fn revoking_a_grant_ends_what_is_under_way(way) {
        let server = Server::start(|_| Reply::hold("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")).await;
        let stage = stage(way).allow(format!("http:{}", url(&server))).set().await;
        let asked = format!("GET {}/", url(&server));
        let revoke = async {
            server.wait(|seen| seen.requests.len() == 1).await;
            stage.plugin.revoke();
        };
        let (told, ()) = tokio::join!(stage.fetch(&asked), revoke);
        assert_ne!(told.code(), "ok", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_name_that_moves_is_followed_and_its_old_connection_left(way) {
        let (old, new) = pair(Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 1, 1)).await;
        let port = old.port();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/8"))
            .name("api.example.com", &["127.0.0.1"])
            .set()
            .await;
        let asked = format!("GET http://api.example.com:{port}/");
        assert_eq!(stage.fetch(&asked).await.body(), "first");
        stage.names.set("api.example.com", &["127.0.1.1"]);
        assert_eq!(stage.fetch(&asked).await.body(), "second");
        assert_eq!(new.seen().connections, 1);
    }

    async fn two_names_at_one_address_share_no_connection(way) {
        let server = Server::hello().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://*.example.com:{port} in 127.0.0.0/8"))
            .name("a.example.com", &["127.0.0.1"])
            .name("b.example.com", &["127.0.0.1"])
            .set()
            .await;
        stage.fetch(&format!("GET http://a.example.com:{port}/")).await;
        stage.fetch(&format!("GET http://b.example.com:{port}/")).await;
        assert_eq!(server.seen().connections, 2);
    }

    async fn another_service_that_a_server_names_is_not_used(way) {
        let other = Server::forbidden().await;
        let alternative = format!("h2=\":{}\"; ma=86400, http/1.1=\"127.0.0.1:{}\"", other.port(), other.port());
        let server = Server::start(move |_| Reply::with(&[("alt-svc", &alternative)], "hello")).await;
        let stage = stage(way).allow(format!("http:{}", url(&server))).set().await;
        for _ in 0..2 {
            let told = stage.fetch(&format!("GET {}/", url(&server))).await;
            assert_eq!(told.body(), "hello", "{told:?}");
        }
        other.was_left_alone();
    }

    async fn a_connection_that_the_server_closed_is_not_used_again(way) {
        let server = Server::start(|_| Reply::close("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).await;
        let stage = stage(way).allow(format!("http:GET,POST {}", url(&server))).set().await;
        for _ in 0..5 {
            let told = stage.fetch(&format!("POST {}/", url(&server))).await;
            assert_eq!(told.body(), "ok", "{told:?}");
        }
        // Nothing was sent twice.
        assert_eq!(server.seen().requests.len(), 5);
    }
}

/// With the limits that a load sets, the same: a pool is a load's own.
#[tokio::test]
async fn a_plugin_that_is_unloaded_closes_its_connections() {
    let server = Server::hello().await;
    let stage = stage(Way::P3)
        .allow(format!("http:{}", url(&server)))
        .set()
        .await;
    let options = LoadOptions {
        grant: Grant::none().allow(cap(format!("http:{}", url(&server)))),
        ..LoadOptions::default()
    };
    let other = stage
        .host
        .load_with(Way::P2.guest(), options)
        .await
        .unwrap();
    send(&other, request(&format!("GET {}/", url(&server)))).await;
    drop(other);
    server.wait(|seen| seen.ends.len() == 1).await;
}
