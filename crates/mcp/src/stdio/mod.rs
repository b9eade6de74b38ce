//! One client, at the other end of two streams of bytes.

mod lines;
mod message;
mod outbox;
mod transport;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::thread::available_parallelism;
use std::time::Duration;

use rmcp::service::{ServerInitializeError, serve_server_with_ct};
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{self, Handle, Runtime};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::endpoint::Endpoint;
use crate::principal::Principal;
use crate::session::Session;
use transport::{LAST_ANSWERS, Lined};

/// Why a client could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It did not begin as the protocol wants.
    #[error("the client did not begin a session: {0}")]
    Begin(#[from] Box<ServerInitializeError>),
    /// There is no thread for it.
    #[error("no thread can be started for the session: {0}")]
    Thread(#[source] io::Error),
    /// Serving it failed.
    #[error("the session broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// How long the thread of a session stays awake for the next message. Most clients that call again at once do so within it, and waking a
/// thread takes longer than most calls.
const AWAKE: Duration = Duration::from_micros(100);

/// Serves the client that started this process, over standard input and output, until it goes or `stop` ends. Nothing else may be
/// written to standard output meanwhile.
///
/// The session has a thread of its own, which makes a call as long as it waits for nothing and computes for no more than a millisecond; what
/// takes longer goes on in the caller's runtime. Where this is dropped, what was answered last may be lost: `stop` ends it in order.
///
/// # Errors
/// As [`serve_io`], and where no thread can be started.
///
/// # Panics
/// Outside of a tokio runtime with I/O and time.
pub async fn serve_stdio(
    endpoint: &Endpoint,
    principal: Principal,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let thread = Thread::start().map_err(ServeError::Thread)?;
    let session = endpoint.session(principal).beside(Handle::current());
    // The other processor is the client's.
    let spare = available_parallelism().is_ok_and(|processors| processors.get() > 1);
    let awake = if spare { AWAKE } else { Duration::ZERO };
    let stopped = CancellationToken::new();
    let stopping = stopped.clone().cancelled_owned();
    let served = async move {
        let (read, write) = stdio_pipes();
        serve(session, read, write, awake, stopping).await
    };
    let mut served = thread.runtime().spawn(served.in_current_span());
    tokio::select! {
        ended = &mut served => ended?,
        () = stop => {
            stopped.cancel();
            served.await?
        }
    }
}

/// A thread for tasks, which end when it is dropped.
struct Thread(Option<Runtime>);

impl Thread {
    fn start() -> io::Result<Self> {
        let mut runtime = runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("portcullis-stdio");
        runtime
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("it is taken when this is dropped")
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Its own drop would wait, which no task may.
        self.0
            .take()
            .into_iter()
            .for_each(Runtime::shutdown_background);
    }
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
    let session = endpoint.session(principal);
    serve(session, read, write, Duration::ZERO, stop).await
}

async fn serve(
    session: Session,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + 'static,
    awake: Duration,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let gone = CancellationToken::new();
    let (client, writing) = Lined::new(read, write, awake, gone.clone());
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
