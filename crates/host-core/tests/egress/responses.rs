//! What servers send: too slow, too much, without end, and not HTTP.

use std::time::Duration;

use portcullis_host_core::{AuditRecord, DenyCode};

use crate::server::{PATIENCE, Reply, Server};
use crate::support::{Stage, Told, Way, request, stage, through_every_way, with};

/// A limit that is there for servers that don't answer.
const SHORT: Duration = Duration::from_millis(300);

/// One request to a server that answers so, within short limits.
async fn answered(way: Way, reply: Reply) -> (Stage, Server, Told) {
    answered_within(SHORT, way, reply).await
}

/// The same, where the answer is a good one: a slow machine is no reason to leave it.
async fn answered_well(way: Way, reply: Reply) -> Told {
    answered_within(PATIENCE, way, reply).await.2
}

async fn answered_within(time: Duration, way: Way, reply: Reply) -> (Stage, Server, Told) {
    let server = Server::start(move |_| reply.clone()).await;
    let stage = within(time, way, &server).await;
    let told = stage.fetch(&url(&server)).await;
    (stage, server, told)
}

async fn within(time: Duration, way: Way, server: &Server) -> Stage {
    let setting = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port()));
    let setting = setting.limits(|limits| {
        limits.first_byte_time = Some(time);
        limits.idle_time = Some(time);
        limits.request_time = Some(2 * time);
        limits.download_bytes = Some(1 << 20);
    });
    setting.set().await
}

fn url(server: &Server) -> String {
    format!("GET http://127.0.0.1:{}/", server.port())
}

through_every_way! {
    async fn a_switch_of_protocols_is_no_answer(way) {
        let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        let (stage, server, told) = answered(way, Reply::hold(switch)).await;
        assert_ne!(told.code(), "ok", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_storm_of_informational_responses_ends(way) {
        let reply = Reply::endless("", "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n".repeat(64));
        let (stage, server, told) = answered(way, reply).await;
        assert_ne!(told.code(), "ok", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_few_informational_responses_are_passed_over(way) {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(3);
        let reply = Reply::hold(format!("{hints}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        let told = answered_well(way, reply).await;
        assert_eq!((told.code(), told.body()), ("ok", "ok"), "{told:?}");
    }

    async fn a_server_that_does_not_answer_is_left(way) {
        for silence in ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nx-a: b"] {
            let (stage, server, told) = answered(way, Reply::hold(silence)).await;
            assert_eq!(told.code(), "timeout", "{silence:?}: {told:?}");
            server.wait(|seen| seen.ends.len() == 1).await;
            stage.is_well().await;
        }
    }

    async fn a_header_that_drips_is_left(way) {
        let (stage, server, told) = answered(way, Reply::dripping("HTTP/1.1 200 OK\r\nx: ", "x")).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_body_that_stops_is_left(way) {
        let reply = Reply::hold("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
        let (stage, server, told) = answered(way, reply).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_body_that_drips_is_left_when_the_request_is_over(way) {
        let reply = Reply::dripping("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", "x");
        let (stage, server, told) = answered(way, reply).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_guest_lowers_the_times_and_never_raises_them(way) {
        let server = Server::start(|_| Reply::hold("")).await;
        let patient = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port())).set().await;
        let told = patient.send(with(request(&url(&server)), "timeouts", vec![100, 100, 100])).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
        let strict = within(SHORT, way, &server).await;
        let told = strict.send(with(request(&url(&server)), "timeouts", vec![u64::MAX / 2_000_000; 3])).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
    }

    async fn headers_without_end_are_cut(way) {
        for reply in [
            Reply::endless("HTTP/1.1 200 OK\r\n", "x-a: b\r\n".repeat(512)),
            Reply::endless("HTTP/1.1 200 OK\r\nx-a: ", "x".repeat(4096)),
            Reply::endless("HTTP/1.1 200 ", "OK".repeat(2048)),
            Reply::hold(format!("HTTP/1.1 200 OK\r\nx-a: {}\r\n\r\n", "x".repeat(256 * 1024))),
            Reply::hold(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-a: b\r\n".repeat(1000))),
        ] {
            let (stage, server, told) = answered(way, reply).await;
            assert!(["too-large", "failed", "unavailable"].contains(&told.code()), "{told:?}");
            assert_eq!(told.status(), None);
            server.wait(|seen| seen.ends.len() == 1).await;
            stage.is_well().await;
        }
    }

    async fn a_body_without_end_is_cut_at_its_limit(way) {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"] {
            let (stage, server, told) = answered(way, Reply::endless(head, "x".repeat(64 * 1024))).await;
            assert_eq!(told.code(), "too-large", "{told:?}");
            assert!(told.length() <= 1 << 20, "{told:?}");
            let over = |record: &AuditRecord| record.code == Some(DenyCode::OverLimit);
            assert!(stage.trail.take().iter().any(over));
            server.wait(|seen| seen.ends.len() == 1).await;
            stage.is_well().await;
        }
    }

    async fn trailers_without_end_are_cut(way) {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n";
        let (stage, server, told) = answered(way, Reply::endless(head, "x-a: b\r\n".repeat(512))).await;
        assert_ne!(told.code(), "ok", "{told:?}");
        server.wait(|seen| seen.ends.len() == 1).await;
        stage.is_well().await;
    }

    async fn a_body_that_ends_early_is_an_error(way) {
        for whole in [
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        ] {
            let (stage, _, told) = answered(way, Reply::close(whole)).await;
            assert_ne!(told.code(), "ok", "{whole:?}: {told:?}");
            stage.is_well().await;
        }
    }

    async fn what_is_not_http_is_no_answer(way) {
        for said in [
            "",
            "SSH-2.0-OpenSSH_9.9\r\n",
            "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 99 Low\r\n\r\n",
            "HTTP/1.1 1000 High\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx a: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
        ] {
            let (stage, _, told) = answered(way, Reply::close(said)).await;
            assert_ne!(told.code(), "ok", "{said:?}: {told:?}");
            stage.is_well().await;
        }
    }

    async fn a_chunked_body_arrives_whole(way) {
        let told = answered_well(way, Reply::chunked(&[], &["a", "bc"])).await;
        assert_eq!((told.code(), told.body()), ("ok", "abc"), "{told:?}");
    }

    async fn what_follows_a_response_answers_no_other_request(way) {
        let poisoned = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
        let server = Server::start(move |request| match request.contains("/first") {
            true => Reply::hold(poisoned),
            false => Reply::ok("second"),
        })
        .await;
        let stage = within(PATIENCE, way, &server).await;
        let first = stage.fetch(&format!("{}first", url(&server))).await;
        assert_eq!(first.body(), "ok", "{first:?}");
        let second = stage.fetch(&format!("{}second", url(&server))).await;
        assert_eq!(second.body(), "second", "{second:?}");
    }

    async fn fields_of_the_connection_do_not_reach_the_guest(way) {
        let reply = Reply::with(&[("x-a", "b"), ("keep-alive", "timeout=5"), ("proxy-authenticate", "Basic")], "ok");
        let told = answered_well(way, reply).await;
        assert_eq!(told.header("x-a"), Some("b"));
        assert_eq!(told.header("keep-alive"), None, "{told:?}");
        assert_eq!(told.header("proxy-authenticate"), None, "{told:?}");
    }
}
