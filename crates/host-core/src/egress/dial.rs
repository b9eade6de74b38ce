//! Opening connections: one of the two places that do so for guests, and only to addresses that were judged.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use portcullis_host_policy::capability::Scheme;
use portcullis_host_policy::request::HttpRequest;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::Error;

use super::pool::{Connection, Driver, Sender};
use super::tls::{Tls, server_name};
use crate::CallLimits;

/// How long one address has for itself before the next is tried beside it (RFC 8305).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// What HTTP/2 may have on its way to a slow reader: enough for a fast line, and little enough for many.
const WINDOW: u32 = 1024 * 1024;

/// Connects to the first of the addresses that answers, with TLS where the request's scheme says so.
///
/// # Errors
/// As the last address failed.
pub(super) async fn connect(
    request: &HttpRequest,
    addresses: &[IpAddr],
    tls: &Tls,
    limits: &CallLimits,
    revoked: CancellationToken,
) -> Result<(Connection, IpAddr), Error> {
    let (stream, address) = first(addresses, request.port()).await?;
    // A small request should not wait for the acknowledgement of the one before it.
    stream.set_nodelay(true).map_err(Error::Connect)?;
    let uploading = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        uploading: Arc::clone(&uploading),
    };
    let secure = request.scheme() == Scheme::Https;
    let (sender, driver) = if secure {
        let name = server_name(request.host()).map_err(Error::Tls)?;
        let connector = tls.connector().await.map_err(Error::Tls)?;
        let stream = connector.connect(name, socket).await.map_err(Error::Tls)?;
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            handshake_2(stream, limits, revoked).await?
        } else {
            handshake_1(stream, limits, revoked).await?
        }
    } else {
        handshake_1(socket, limits, revoked).await?
    };
    Ok((Connection::new(sender, driver, uploading), address))
}

/// Tries the addresses in their order, each a little after the one before.
async fn first(addresses: &[IpAddr], port: u16) -> Result<(TcpStream, IpAddr), Error> {
    let attempts = addresses
        .iter()
        .enumerate()
        .map(|(at, address)| async move {
            sleep(NEXT_ADDRESS * u32::try_from(at).unwrap_or(u32::MAX)).await;
            let stream = TcpStream::connect(SocketAddr::new(*address, port)).await?;
            io::Result::Ok((stream, *address))
        });
    let mut attempts: FuturesUnordered<_> = attempts.collect();
    let mut failed = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(connected) => return Ok(connected),
            Err(error) => failed = Some(error),
        }
    }
    Err(match failed {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        Some(error) => Error::Connect(error),
        None => Error::DestinationNotFound,
    })
}

async fn handshake_1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    limits: &CallLimits,
    revoked: CancellationToken,
) -> Result<(Sender, Driver), Error> {
    let (sender, connection) = http1::Builder::new()
        .max_headers(limits.header_fields as usize)
        .max_header_size(usize::try_from(limits.header_bytes).unwrap_or(usize::MAX))
        .handshake(TokioIo::new(stream))
        .await?;
    Ok((Sender::Http1(sender), Driver::spawn(connection, revoked)))
}

async fn handshake_2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    limits: &CallLimits,
    revoked: CancellationToken,
) -> Result<(Sender, Driver), Error> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(2 * WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    Ok((Sender::Http2(sender), Driver::spawn(connection, revoked)))
}

/// A TCP stream that is reset, not closed, while a request's body is on its way: the server must not take what it got for
/// the whole.
struct Socket {
    stream: TcpStream,
    uploading: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.uploading.load(Ordering::Relaxed) {
            // Where it fails, the length or the last chunk that is missing still tells.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.uploading.load(Ordering::Relaxed) {
            // An orderly end would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
