//! One client, at the other end of two streams of bytes.

mod lines;
mod message;
mod outbox;
mod transport;

use std::future::Future;
use std::pin::pin;

use rmcp::service::{ServerInitializeError, serve_server_with_ct};
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::endpoint::Endpoint;
use crate::principal::Principal;
use transport::{LAST_ANSWERS, Lined};

/// Why a client could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It did not begin as the protocol wants.
    #[error("the client did not begin a session: {0}")]
    Begin(#[from] Box<ServerInitializeError>),
    /// Serving it failed.
    #[error("the session broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// Serves the client that started this process, over standard input and output, until it goes or `stop` ends. Nothing else may be
/// written to standard output meanwhile.
///
/// # Errors
/// As [`serve_io`].
///
/// # Panics
/// Outside of a tokio runtime with I/O and time.
pub async fn serve_stdio(
    endpoint: &Endpoint,
    principal: Principal,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (read, write) = stdio_pipes();
    serve_io(endpoint, principal, read, write, stop).await
}

/// Serves one client, a message a line each way, until it goes or `stop` ends. Calls that run then are ended.
///
/// # Errors
/// Where the client does not begin a session.
///
/// # Panics
/// Outside of a tokio runtime with time.
pub async fn serve_io(
    endpoint: &Endpoint,
    principal: Principal,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + 'static,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let gone = CancellationToken::new();
    let (client, writing) = Lined::new(read, write, gone.clone());
    let session = endpoint.session(principal);
    let work = async {
        match serve_server_with_ct(session, client, gone.clone()).await {
            Ok(served) => served.waiting().await.map(drop).map_err(ServeError::from),
            // It went without a word.
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
                Ok(())
            }
            Err(error) => Err(ServeError::Begin(Box::new(error))),
        }
    };
    let mut work = pin!(work);
    let ended = tokio::select! {
        ended = &mut work => ended,
        () = stop => {
            gone.cancel();
            work.await
        }
    };
    // What was answered last, for a client that still reads.
    let _ = timeout(LAST_ANSWERS, writing).await;
    ended
}
