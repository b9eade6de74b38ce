//! What guests send, and don't send to its end.

use std::time::Duration;

use portcullis_host_core::{AuditRecord, CallOptions, Cancellation, DenyCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::server::Server;
use crate::support::{request, stage, through_every_way, with};

/// An upload that is started and not finished.
fn upload(server: &Server) -> Value {
    let asked = request(&format!("POST http://127.0.0.1:{}/", server.port()));
    with(asked, "pieces", json!(["a quarter of a million"]))
}

/// The server saw that the upload was cut off: no end of it, and a reset.
async fn was_cut_off(server: &Server) {
    let seen = server.wait(|seen| seen.ends.len() == 1).await;
    assert!(seen.requests.is_empty(), "{seen:?}");
    let end = &seen.ends[0];
    assert!(
        end.unfinished.contains("a quarter of a million"),
        "{seen:?}"
    );
    assert!(end.reset, "{seen:?}");
}

through_every_way! {
    async fn an_upload_that_runs_into_its_deadline_is_reset(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:POST http://127.0.0.1:{}", server.port())).set().await;
        let options = CallOptions { timeout: Some(Duration::from_secs(3)), ..CallOptions::default() };
        let arguments = json!({ "request": upload(&server), "then": "wait" });
        stage.plugin.call("abandon", arguments, options).await.unwrap_err();
        was_cut_off(&server).await;
        stage.is_well().await;
    }

    async fn an_upload_whose_call_is_cancelled_is_reset(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:POST http://127.0.0.1:{}", server.port())).set().await;
        let cancel = Cancellation::new();
        let options = CallOptions { cancel: Some(cancel.clone()), ..CallOptions::default() };
        let arguments = json!({ "request": upload(&server), "then": "wait" });
        let call = stage.plugin.call("abandon", arguments, options);
        let cancelled = async {
            server.wait(|seen| seen.connections == 1).await;
            cancel.cancel();
        };
        let (called, ()) = tokio::join!(call, cancelled);
        called.unwrap_err();
        let seen = server.wait(|seen| seen.ends.len() == 1).await;
        assert!(seen.requests.is_empty() && seen.ends[0].reset, "{seen:?}");
        stage.is_well().await;
    }

    async fn an_upload_whose_call_is_dropped_is_reset(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:POST http://127.0.0.1:{}", server.port())).set().await;
        let arguments = json!({ "request": upload(&server), "then": "wait" });
        {
            let call = stage.plugin.call("abandon", arguments, CallOptions::default());
            tokio::select! {
                called = call => panic!("{called:?}"),
                _ = server.wait(|seen| seen.connections == 1) => {}
            }
        }
        let seen = server.wait(|seen| seen.ends.len() == 1).await;
        assert!(seen.requests.is_empty() && seen.ends[0].reset, "{seen:?}");
        stage.is_well().await;
    }

    async fn an_upload_that_its_tool_leaves_open_is_reset(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:POST http://127.0.0.1:{}", server.port())).set().await;
        // More than the host takes before it has a connection.
        let asked = with(upload(&server), "fill", 2_000_000);
        let arguments = json!({ "request": asked, "then": "return" });
        // Whether it is a good call is not the server's matter.
        let _ = stage.ask("abandon", arguments).await;
        was_cut_off(&server).await;
        stage.is_well().await;
    }

    async fn an_upload_that_a_reused_instance_leaves_open_is_reset(way) {
        let server = Server::hello().await;
        let setting = stage(way).allow(format!("http:POST http://127.0.0.1:{}", server.port()));
        let stage = setting.reused().set().await;
        let asked = with(upload(&server), "fill", 2_000_000);
        let _ = stage.ask("abandon", json!({ "request": asked, "then": "return" })).await;
        was_cut_off(&server).await;
        // The next call has its own way out.
        let asked = request(&format!("POST http://127.0.0.1:{}/", server.port()));
        assert_eq!(stage.send(asked).await.body(), "hello");
    }

    async fn an_upload_over_its_limit_is_cut_off(way) {
        let server = Server::hello().await;
        let stage = stage(way)
            .allow(format!("http:POST http://127.0.0.1:{}", server.port()))
            .limits(|limits| limits.upload_bytes = Some(100_000))
            .set()
            .await;
        let asked = with(upload(&server), "fill", 300_000);
        let told = stage.send(asked).await;
        assert_eq!(told.code(), "quota-exceeded", "{told:?}");
        let over = |record: &AuditRecord| record.code == Some(DenyCode::OverLimit);
        assert!(stage.trail.take().iter().any(over));
        was_cut_off(&server).await;
        stage.is_well().await;
    }

    async fn an_upload_that_nobody_reads_is_left(way) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stage = stage(way)
            .allow(format!("http:POST {url}"))
            .limits(|limits| limits.first_byte_time = Some(Duration::from_millis(500)))
            .set()
            .await;
        // More than the sockets hold.
        let asked = with(request(&format!("POST {url}/")), "fill", 32 << 20);
        let told = stage.send(asked).await;
        assert_eq!(told.code(), "timeout", "{told:?}");
        drop(listener);
        stage.is_well().await;
    }

    async fn a_large_upload_arrives_whole(way) {
        let server = Server::hello().await;
        let rule = format!("http:POST http://127.0.0.1:{}", server.port());
        let stage = stage(way).allow(&rule).set().await;
        let told = stage.send(with(upload(&server), "fill", 3_000_000)).await;
        stage.was_allowed(&told, &rule).await;
        let body = &server.seen().requests[0];
        assert_eq!(body.matches('x').count(), 3_000_000);
    }

    async fn a_large_download_is_streamed(way) {
        let server = Server::start(|_| crate::server::Reply::ok(&"x".repeat(48 << 20))).await;
        let stage = stage(way)
            .allow(format!("http:http://127.0.0.1:{}", server.port()))
            .limits(|limits| {
                // Less than the body: it is never in memory as a whole.
                limits.memory_bytes = Some(16 << 20);
                limits.host_call_bytes = Some(1 << 30);
            })
            .set()
            .await;
        let told = stage.fetch(&format!("GET http://127.0.0.1:{}/", server.port())).await;
        assert_eq!((told.code(), told.length()), ("ok", 48 << 20), "{}", told.code());
    }
}
