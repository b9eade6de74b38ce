//! A server on the loopback that sends exactly these bytes, in exactly these pieces.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server sends.
pub(super) struct Reply {
    head: String,
    pieces: Vec<Vec<u8>>,
    end: End,
}

enum End {
    Whole,
    Cut,
    Repeat,
}

impl Reply {
    pub(super) fn new(status: u16, headers: &[(&str, &str)], pieces: &[&[u8]]) -> Self {
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        Self {
            head: format!(
                "HTTP/1.1 {status} Status\r\ntransfer-encoding: chunked\r\n{headers}\r\n"
            ),
            pieces: pieces.iter().map(|piece| piece.to_vec()).collect(),
            end: End::Whole,
        }
    }

    /// An answer in events, a piece each.
    pub(super) fn stream(events: &[&str]) -> Self {
        let events: Vec<_> = events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect();
        let pieces: Vec<_> = events.iter().map(String::as_bytes).collect();
        Self::new(200, &[("content-type", "text/event-stream")], &pieces)
    }

    /// The connection ends after the pieces, before the answer does.
    pub(super) fn cut(self) -> Self {
        Self {
            end: End::Cut,
            ..self
        }
    }

    /// The pieces come again and again.
    pub(super) fn repeated(self) -> Self {
        Self {
            end: End::Repeat,
            ..self
        }
    }

    async fn send(&self, connection: &mut TcpStream) -> std::io::Result<()> {
        connection.write_all(self.head.as_bytes()).await?;
        loop {
            for piece in &self.pieces {
                let size = format!("{:x}\r\n", piece.len());
                let chunk = [size.as_bytes(), piece, b"\r\n"].concat();
                connection.write_all(&chunk).await?;
                tokio::task::yield_now().await;
            }
            match self.end {
                End::Whole => return connection.write_all(b"0\r\n\r\n").await,
                End::Cut => return connection.shutdown().await,
                End::Repeat => {}
            }
        }
    }
}

/// A server with one reply.
pub(super) struct Server {
    pub(super) endpoint: String,
    /// What it was asked: head and body.
    pub(super) asked: mpsc::UnboundedReceiver<(String, String)>,
    /// Ends once the reply was sent, or nobody wants more of it.
    pub(super) sent: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(super) async fn serve(reply: Reply) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::unbounded_channel();
    let sent = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await?;
        tell.send(read_request(&mut connection).await?).unwrap();
        reply.send(&mut connection).await
    });
    Server {
        endpoint,
        asked,
        sent,
    }
}

async fn read_request(connection: &mut TcpStream) -> std::io::Result<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        connection.read_buf(&mut bytes).await?;
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return Ok((head.to_owned(), body.to_owned()));
        }
    }
}

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
