//! More than there is.

use std::time::Duration;

use portcullis_host_core::{AuditRecord, DenyCode};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::support::{Setting, request, send, stage, through_every_way, with};

fn url(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port())
}

fn storm(request: Value, times: u32, at_once: u32) -> Value {
    json!({ "request": request, "times": times, "at_once": at_once })
}

/// Limits that would otherwise end the call before the one that is meant.
fn untiring(setting: Setting) -> Setting {
    setting.limits(|limits| {
        limits.wall_clock = Some(Duration::from_secs(120));
        limits.host_calls = Some(10_000_000);
        limits.handles = Some(100_000);
    })
}

through_every_way! {
    async fn ten_thousand_requests_end_at_the_limit_of_one_call(way) {
        let server = Server::hello().await;
        let stage = untiring(stage(way).allow(format!("http:{}", url(&server)))).set().await;
        let asked = request(&format!("GET {}/", url(&server)));
        let outcomes = stage.ask("storm", storm(asked, 10_000, 16)).await.unwrap();
        assert_eq!(outcomes, json!({ "ok": 256, "quota-exceeded": 9_744 }));
        assert_eq!(server.seen().requests.len(), 256);
        let over = |record: &AuditRecord| record.code == Some(DenyCode::OverLimit);
        assert!(stage.trail.take().iter().any(over));
        stage.is_well().await;
    }

    async fn ten_thousand_denied_requests_leave_the_host_well(way) {
        let server = Server::forbidden().await;
        let stage = untiring(stage(way)).set().await;
        let asked = request(&format!("GET {}/", url(&server)));
        let outcomes = stage.ask("storm", storm(asked, 10_000, 16)).await.unwrap();
        let all: u64 = outcomes.as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!((all, &outcomes["ok"]), (10_000, &Value::Null), "{outcomes}");
        server.was_left_alone();
        stage.is_well().await;
    }

    async fn requests_over_time_have_a_limit_over_all_calls(way) {
        let server = Server::hello().await;
        let stage = stage(way)
            .allow(format!("http:{}", url(&server)))
            .limits(|limits| limits.requests_per_minute = Some(5))
            .set()
            .await;
        let mut codes = Vec::new();
        for _ in 0..7 {
            codes.push(stage.fetch(&format!("GET {}/", url(&server))).await.code().to_owned());
        }
        assert!(codes[..5].iter().all(|code| code == "ok"), "{codes:?}");
        assert_eq!(codes[6], "quota-exceeded", "{codes:?}");
        assert_eq!(server.seen().requests.len(), codes.iter().filter(|code| *code == "ok").count());
        stage.is_well().await;
    }

    async fn no_more_requests_are_under_way_than_may_be(way) {
        let server = Server::start(|_| Reply::hold("")).await;
        let stage = stage(way)
            .allow(format!("http:{}", url(&server)))
            .limits(|limits| {
                limits.concurrent_requests = Some(3);
                limits.connect_time = Some(Duration::from_secs(1));
                limits.first_byte_time = Some(Duration::from_secs(4));
            })
            .set()
            .await;
        let asked = request(&format!("GET {}/", url(&server)));
        let outcomes = stage.ask("storm", storm(asked, 8, 8)).await.unwrap();
        assert_eq!(outcomes, json!({ "timeout": 3, "quota-exceeded": 5 }));
        assert_eq!(server.seen().connections, 3);
    }

    async fn responses_that_are_left_unread_keep_their_places(way) {
        let server = Server::start(|_| Reply::endless("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(4096))).await;
        let stage = stage(way)
            .allow(format!("http:{}", url(&server)))
            .limits(|limits| {
                limits.concurrent_requests = Some(3);
                limits.connect_time = Some(Duration::from_secs(1));
            })
            .set()
            .await;
        let asked = with(request(&format!("GET {}/", url(&server))), "unread", true);
        let outcomes = stage.ask("storm", storm(asked, 6, 1)).await.unwrap();
        assert_eq!(outcomes, json!({ "ok": 3, "quota-exceeded": 3 }));
        // With the call they are gone.
        server.wait(|seen| seen.ends.len() == 3).await;
        stage.is_well().await;
    }

    async fn lookups_that_hang_keep_their_places_and_no_others(way) {
        let server = Server::hello().await;
        let port = server.port();
        let stage = stage(way)
            .allow("http:http://*.example.com")
            .name("hangs.example.com", &[])
            .name("works.example.com", &["127.0.0.1"])
            .limits(|limits| {
                limits.blocking_threads = Some(2);
                limits.connect_time = Some(Duration::from_millis(300));
            })
            .set()
            .await;
        stage.names.hang("hangs.example.com");
        let asked = request("GET http://hangs.example.com/");
        let outcomes = stage.ask("storm", storm(asked, 8, 8)).await.unwrap();
        assert_eq!(outcomes["ok"], Value::Null, "{outcomes}");
        assert_eq!(stage.names.asked(), ["hangs.example.com"; 2]);
        let neighbour = stage.neighbour(format!("http:http://works.example.com:{port} in 127.0.0.0/8")).await;
        let told = send(&neighbour, request(&format!("GET http://works.example.com:{port}/"))).await;
        assert_eq!(told.body(), "hello", "{told:?}");
    }

    async fn an_answer_of_thousands_of_addresses_is_cut(way) {
        let server = Server::hello().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/8"))
            .name("api.example.com", &["127.0.0.1"; 5_000])
            .set()
            .await;
        let told = stage.fetch(&format!("GET http://api.example.com:{port}/")).await;
        assert_eq!(told.body(), "hello", "{told:?}");
        let records = stage.trail.take_allowed().await;
        assert!(records.iter().all(|record| record.addresses.len() <= 16), "{}", records[0].addresses.len());
    }

    async fn a_neighbour_is_served_while_one_plugin_exhausts_itself(way) {
        let slow = Server::start(|_| Reply::hold("")).await;
        let server = Server::hello().await;
        let stage = untiring(stage(way).allow(format!("http:{}", url(&slow)))).set().await;
        let neighbour = stage.neighbour(format!("http:{}", url(&server))).await;
        let asked = request(&format!("GET {}/", url(&slow)));
        let storming = stage.ask("storm", storm(asked, 64, 64));
        let served = async {
            slow.wait(|seen| seen.connections >= 16).await;
            for _ in 0..3 {
                let told = send(&neighbour, request(&format!("GET {}/", url(&server)))).await;
                assert_eq!(told.body(), "hello", "{told:?}");
            }
        };
        tokio::select! {
            stormed = storming => panic!("it ended first: {stormed:?}"),
            () = served => {}
        }
        assert_eq!(slow.seen().connections, 16);
    }
}
