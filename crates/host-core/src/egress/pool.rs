//! Connections that are kept for the next request of the same plugin under the same rule, and for nothing else.
//!
//! A pool belongs to one load of a plugin, and so to one identity and one grant; revoking the grant closes its connections.

use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use portcullis_host_policy::capability::{Capability, Scheme};
use portcullis_host_policy::request::{Host, HttpRequest};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::upload::Upload;

/// Connections that one plugin keeps while nothing uses them.
const IDLE_CONNECTIONS: usize = 16;

/// How long: servers commonly close theirs after a minute or so.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// What a connection may be used again for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    rule: Capability,
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Key {
    pub(super) fn new(rule: &Capability, request: &HttpRequest) -> Self {
        Self {
            rule: rule.clone(),
            scheme: request.scheme(),
            host: request.host().clone(),
            port: request.port(),
        }
    }
}

struct Kept {
    key: Key,
    address: IpAddr,
    since: Instant,
    connection: Connection,
}

/// One load's connections.
pub(super) struct Pool {
    kept: Mutex<Vec<Kept>>,
    pub(super) revoked: CancellationToken,
}

impl Pool {
    pub(super) fn new(revoked: CancellationToken) -> Self {
        Self {
            kept: Mutex::default(),
            revoked,
        }
    }

    /// A connection that is open to one of the addresses; HTTP/2 ones are shared, the others are taken out.
    pub(super) fn take(&self, key: &Key, addresses: &[IpAddr]) -> Option<(Connection, IpAddr)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.since.elapsed() < IDLE_TIME && !kept.connection.is_closed());
        // The latest is the one most likely to be alive.
        let at = kept
            .iter()
            .rposition(|kept| kept.key == *key && addresses.contains(&kept.address))?;
        match kept[at].connection.share() {
            Some(shared) => {
                kept[at].since = Instant::now();
                Some((shared, kept[at].address))
            }
            None => {
                let kept = kept.remove(at);
                Some((kept.connection, kept.address))
            }
        }
    }

    /// Keeps a connection that is free, or can be shared.
    pub(super) fn keep(&self, key: Key, address: IpAddr, connection: Connection) {
        if self.revoked.is_cancelled() || connection.is_closed() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= IDLE_CONNECTIONS {
            kept.remove(0);
        }
        kept.push(Kept {
            key,
            address,
            since: Instant::now(),
            connection,
        });
    }
}

/// An open connection. Dropping its last handle closes it.
pub(super) struct Connection {
    sender: Sender,
    driver: Arc<Driver>,
    /// Set while a request's body is on its way over a connection of its own.
    pub(super) uploading: Arc<AtomicBool>,
}

pub(super) enum Sender {
    Http1(http1::SendRequest<Upload>),
    Http2(http2::SendRequest<Upload>),
}

impl Connection {
    pub(super) fn new(sender: Sender, driver: Driver, uploading: Arc<AtomicBool>) -> Self {
        Self {
            sender,
            driver: Arc::new(driver),
            uploading,
        }
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// A second handle, where several requests may share the connection.
    pub(super) fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else {
            return None;
        };
        Some(Self {
            sender: Sender::Http2(sender.clone()),
            driver: Arc::clone(&self.driver),
            uploading: Arc::clone(&self.uploading),
        })
    }

    fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Sends a request and waits for the head of its response. What was not sent at all comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: http::Request<Upload>,
    ) -> Result<http::Response<Incoming>, TrySendError<http::Request<Upload>>> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                // Where it fails, so does the sending, which gives the request back.
                let _ = sender.ready().await;
                sender.try_send_request(request).await
            }
            Sender::Http2(sender) => {
                let _ = sender.ready().await;
                sender.try_send_request(request).await
            }
        }
    }
}

/// The task that moves a connection's bytes. It ends with the last handle, or when the grant is revoked.
pub(super) struct Driver(AbortHandle);

impl Driver {
    pub(super) fn spawn<E: std::fmt::Display + Send>(
        connection: impl Future<Output = Result<(), E>> + Send + 'static,
        revoked: CancellationToken,
    ) -> Self {
        let task = tokio::spawn(async move {
            if let Some(Err(error)) = revoked.run_until_cancelled(connection).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
