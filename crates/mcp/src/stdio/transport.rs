//! Standard input and output as rmcp's loop takes them.

use std::collections::HashSet;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant as Moment};

use futures::poll;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorData, GetMeta, JsonRpcMessage,
    RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::lines::{Line, Lines, MESSAGE_BYTES};
use super::message::{self, Refusal};
use super::outbox::Outbox;

/// Most requests of one client that wait for an answer. Each holds its arguments; the host has bounds of its own on calls that run.
const IN_FLIGHT: usize = 1_000;

/// How long what runs may go on once the client has closed its end: time to answer a client that sent its requests and closed, and no
/// more than that for one that is gone.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A client at the other end of two streams of bytes.
pub(super) struct Lined<R> {
    lines: Lines<R>,
    /// How long the thread stays awake for the next line.
    awake: Duration,
    shared: Arc<Shared>,
    /// Whether the session has begun: before, there is nothing that a notification or a response could be about.
    begun: bool,
    /// Until when what runs may go on, once nothing more comes.
    ending: Option<Instant>,
    /// Cancelled when the client is gone.
    gone: CancellationToken,
}

struct Shared {
    outbox: Outbox,
    in_flight: Mutex<HashSet<RequestId>>,
    answered: Notify,
}

impl<R: AsyncRead + Send + Unpin> Lined<R> {
    /// A client to be read from and written to, and the task that writes. `gone` is cancelled once it can't be either.
    pub(super) fn new(
        read: R,
        write: impl AsyncWrite + Send + 'static,
        awake: Duration,
        gone: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let shared = Arc::new(Shared {
            outbox: Outbox::new(write),
            in_flight: Mutex::default(),
            answered: Notify::new(),
        });
        let (writer, unread) = (Arc::clone(&shared), gone.clone());
        let writing = tokio::spawn(async move {
            if writer.outbox.drive().await.is_err() {
                unread.cancel();
            }
        });
        let client = Self {
            lines: Lines::new(read),
            awake,
            shared,
            begun: false,
            ending: None,
            gone,
        };
        (client, writing)
    }

    /// What a line says to the session, if anything.
    fn take(&mut self) -> Option<ClientJsonRpcMessage> {
        let refusal = match message::read(self.lines.line()) {
            Ok(message) => match self.admit(message?) {
                Ok(message) => return message,
                Err(refusal) => refusal,
            },
            Err(refusal) => refusal?,
        };
        self.refuse(refusal);
        None
    }

    /// Whether a message is for the session now.
    fn admit(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> Result<Option<ClientJsonRpcMessage>, Refusal> {
        match &message {
            JsonRpcMessage::Request(request) => {
                self.shared.begin(&request.id)?;
                self.begun |= begins(&request.request);
                return Ok(Some(message));
            }
            JsonRpcMessage::Notification(one) => {
                if let ClientNotification::CancelledNotification(cancelled) = &one.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.shared.end(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
        Ok(self.begun.then_some(message))
    }

    fn refuse(&self, Refusal { id, error }: Refusal) {
        // One that can't be told is gone, which the loop finds out by itself.
        let outbox = &self.shared.outbox;
        let _ = outbox.add(&ServerJsonRpcMessage::error(error, id));
        outbox.write();
    }
}

impl<R> Drop for Lined<R> {
    fn drop(&mut self) {
        self.shared.outbox.close();
    }
}

/// Waits, and looks again and again for so long before the thread may sleep.
async fn wide_awake<F: Future>(time: Duration, waited: F) -> F::Output {
    let mut waited = pin!(waited);
    let until = Moment::now() + time;
    while Moment::now() < until {
        if let Poll::Ready(output) = poll!(&mut waited) {
            return output;
        }
        yield_now().await;
    }
    waited.await
}

/// Whether a request opens a session: by the handshake, or, since 2026-07-28, by itself.
fn begins(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::DiscoverRequest(_) => false,
        other => other.get_meta().protocol_version().is_some(),
    }
}

impl Shared {
    fn begin(&self, id: &RequestId) -> Result<(), Refusal> {
        let mut in_flight = self.in_flight();
        if in_flight.len() >= IN_FLIGHT {
            let problem = format!("{IN_FLIGHT} requests wait for an answer; wait for some of them");
            return Err(Refusal {
                id: Some(id.clone()),
                error: ErrorData::internal_error(problem, None),
            });
        }
        if !in_flight.insert(id.clone()) {
            let problem = "its id is that of a request that still waits for an answer";
            return Err(Refusal::invalid(None, problem));
        }
        Ok(())
    }

    fn end(&self, id: &RequestId) {
        self.in_flight().remove(id);
        self.answered.notify_waiters();
    }

    /// Waits until no request waits for an answer.
    async fn all_answered(&self) {
        loop {
            let mut answered = pin!(self.answered.notified());
            answered.as_mut().enable();
            if self.in_flight().is_empty() || self.outbox.is_broken() {
                return;
            }
            answered.await;
        }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: AsyncRead + Send + Unpin + 'static> Transport<RoleServer> for Lined<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move {
            shared.outbox.room().await;
            let added = shared.outbox.add(&message);
            let id = match message {
                JsonRpcMessage::Response(response) => Some(response.id),
                JsonRpcMessage::Error(error) => error.id,
                _ => None,
            };
            // Before the client can have its answer, and use the id again.
            id.iter().for_each(|id| shared.end(id));
            if shared.in_flight().is_empty() {
                shared.outbox.write();
            } else {
                shared.outbox.leave();
            }
            added
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(until) = self.ending {
                // Whatever comes of it: nobody is there any more.
                let _ = timeout_at(until, self.shared.all_answered()).await;
                self.gone.cancel();
                return None;
            }
            self.shared.outbox.room().await;
            match wide_awake(self.awake, self.lines.next()).await {
                Ok(Line::Whole) => {
                    if let Some(message) = self.take() {
                        return Some(message);
                    }
                }
                Ok(Line::TooLong) => {
                    let problem = format!("a message is longer than {MESSAGE_BYTES} bytes");
                    self.refuse(Refusal::invalid(None, problem));
                }
                Ok(Line::End) | Err(_) => self.ending = Some(Instant::now() + LAST_ANSWERS),
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.shared.outbox.close();
        Ok(())
    }
}
