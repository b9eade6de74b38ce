//! A server on this machine that speaks OpenAI's chat completions, in pieces.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::model;

/// The port is in the plugin's manifest. On Linux all of 127.0.0.0/8 is this machine, so that a port in use is in use at one of many
/// addresses only.
const PORT: u16 = 8080;

/// The server; it ends when this is dropped.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts it. It answers who sends this key.
    ///
    /// # Errors
    /// Where no port is free.
    pub async fn start(key: &'static str) -> Result<Self> {
        let listener = listen()
            .await
            .context("port 8080 is in use at each address of this machine")?;
        let address = listener.local_addr()?;
        let authorization = Arc::new(format!("Bearer {key}"));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let authorization = Arc::clone(&authorization);
                // A client that went away needs no answer.
                tokio::spawn(async move { serve(stream, &authorization).await });
            }
        });
        Ok(Self { address, task })
    }

    pub(super) fn host(&self) -> String {
        self.address.ip().to_string()
    }

    /// Its address, up to and with `/v1`.
    pub fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen() -> Option<TcpListener> {
    for last in 1..=250 {
        let address = SocketAddr::from(([127, 0, 1, last], PORT));
        if let Ok(listener) = TcpListener::bind(address).await {
            return Some(listener);
        }
    }
    None
}

async fn serve(stream: TcpStream, authorization: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut length, mut known) = (0, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == "\r\n" {
            break;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "authorization" => known = value == authorization,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if !known {
        let refusal = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        return stream.write_all(refusal.as_bytes()).await;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    for piece in model::small(&request) {
        stream
            .write_all(format!("data: {piece}\n\n").as_bytes())
            .await?;
        stream.flush().await?;
    }
    stream.write_all(b"data: [DONE]\n\n").await?;
    stream.shutdown().await
}
