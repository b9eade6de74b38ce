//! Requests through the gate and the same ones by a hyper client, to the same server on loopback: many small ones one
//! after the other, and one large answer.
//!
//! All small requests of a round are one call of the guest, so that what is measured is the gate, and not the call. Both
//! sides keep one connection, read each answer to its end, and run on one thread; the server runs on another.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use portcullis_host_core::{CallOptions, Grant, HostBuilder, Limits, Plugin, Surroundings};
use portcullis_test_artifacts::BENCH_EGRESS;
use serde_json::json;
use wasmtime::{Result, ensure};

use super::{host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, median, timed};

/// Small requests of one round.
const SMALL: u32 = 1_000;

/// The large answer, and its rounds: each takes the better part of a second.
const LARGE: u64 = 1 << 30;
const LARGE_ROUNDS: usize = 5;

/// What a small answer holds, about as much as an API says.
const SMALL_ANSWER: &[u8] = &[b'x'; 256];

pub(super) fn measure() -> Result<Vec<Measured>> {
    let address = serve()?;
    current_thread()?.block_on(async {
        let rule = format!("http:http://{address}").parse()?;
        let host = unhurried().build()?;
        let plugin = host.load(BENCH_EGRESS, Grant::from_caps([rule])).await?;
        let mut plain = Plain::connect(address).await?;

        let mut small: [Vec<f64>; 2] = Default::default();
        for _ in 0..ROUNDS {
            let bytes = u64::from(SMALL) * SMALL_ANSWER.len() as u64;
            small[0].push(in_time(bytes, plain.get("/small", SMALL)).await?);
            small[1].push(in_time(bytes, get(&plugin, address, "/small", SMALL)).await?);
        }
        let mut large: [Vec<f64>; 2] = Default::default();
        for _ in 0..LARGE_ROUNDS {
            large[0].push(in_time(LARGE, plain.get("/large", 1)).await?);
            large[1].push(in_time(LARGE, get(&plugin, address, "/large", 1)).await?);
        }
        let [plain_small, small] = small.map(|rounds| median(rounds) / f64::from(SMALL));
        let [plain_large, large] = large.map(|rounds| LARGE as f64 / median(rounds));
        Ok(vec![
            Measured::new(
                "egress_small_ratio",
                small / plain_small,
                format!("{small:.1} µs ÷ {plain_small:.1} µs"),
            ),
            Measured::new(
                "egress_large_ratio",
                large / plain_large,
                format!("{large:.0} MB/s ÷ {plain_large:.0} MB/s"),
            ),
        ])
    })
}

/// A host whose limits end none of this.
fn unhurried() -> HostBuilder {
    let mut limits: Limits = limits();
    let long = Duration::from_secs(600);
    limits.call.wall_clock = long;
    limits.call.request_time = long;
    limits.call.requests = u32::MAX;
    limits.call.host_calls = u64::MAX;
    limits.call.host_call_bytes = u64::MAX;
    limits.call.download_bytes = u64::MAX;
    limits.plugin.requests_per_minute = u32::MAX;
    host(limits)
        .network(true)
        .surroundings(Surroundings::default())
}

/// The time of work that must come to so many bytes, in microseconds.
async fn in_time(bytes: u64, work: impl Future<Output = Result<u64>>) -> Result<f64> {
    let (time, read) = timed(work).await;
    let read = read?;
    ensure!(read == bytes, "{read} bytes of {bytes}");
    Ok(time)
}

/// So many requests by the guest, in one call.
async fn get(plugin: &Plugin, server: SocketAddr, path: &str, times: u32) -> Result<u64> {
    let arguments = json!({ "authority": server.to_string(), "path": path, "times": times });
    let output = plugin
        .call("get", arguments, CallOptions::default())
        .await?;
    let read = output.structured.and_then(|read| read.as_u64());
    Ok(read.unwrap_or_default())
}

/// A hyper client with one connection.
struct Plain {
    sender: SendRequest<Empty<Bytes>>,
    server: SocketAddr,
}

impl Plain {
    async fn connect(server: SocketAddr) -> Result<Self> {
        let stream = tokio::net::TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, server })
    }

    async fn get(&mut self, path: &str, times: u32) -> Result<u64> {
        let mut read = 0;
        for _ in 0..times {
            let request = Request::get(path)
                .header("host", self.server.to_string())
                .body(Empty::new())?;
            self.sender.ready().await?;
            let mut body = self.sender.send_request(request).await?.into_body();
            while let Some(frame) = body.frame().await {
                read += frame?.data_ref().map_or(0, Bytes::len) as u64;
            }
        }
        Ok(read)
    }
}

/// Serves on a port of its own, a thread for each connection, until the process ends.
fn serve() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection ends when its client does.
            thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let piece = vec![b'x'; 256 * 1024];
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while !asked.ends_with(b"\r\n\r\n") {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                read => asked.extend_from_slice(&buffer[..read]),
            }
        }
        if asked.starts_with(b"GET /large") {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n")?;
            for _ in 0..LARGE / piece.len() as u64 {
                stream.write_all(&piece)?;
            }
        } else {
            let length = SMALL_ANSWER.len();
            let mut answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
            answer.extend_from_slice(SMALL_ANSWER);
            stream.write_all(&answer)?;
        }
        asked.clear();
    }
}
