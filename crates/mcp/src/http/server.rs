//! The server: where it listens, how it begins, and how it ends.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::client::Clients;
use super::guard::Guard;
use super::service::Service;
use super::{HttpError, HttpLimits, HttpOptions, connection};
use crate::Endpoint;

/// How often tokens are read again: as long as one that was revoked may still be used.
const REFRESH: Duration = Duration::from_secs(1);

/// How long to wait where the system has no room for another connection: some that there are may end meanwhile.
const NO_ROOM: Duration = Duration::from_millis(100);

/// An MCP server over Streamable HTTP that listens, and answers once it is [served](Self::serve).
///
/// MCP is at `/mcp`; `/healthz` and `/readyz` say that it is up and takes requests, without a token; `/metrics` tells Prometheus, by a
/// token that may read them.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    clients: Arc<Clients>,
    limits: HttpLimits,
    running: TaskTracker,
    closing: CancellationToken,
    ending: CancellationToken,
}

impl Server {
    /// Listens as `options` say.
    ///
    /// # Errors
    /// Where it could be reached without protection, or by nobody; where tokens, certificate or key can't be used; and where the
    /// address can't be had.
    pub async fn bind(endpoint: Endpoint, options: HttpOptions) -> Result<Self, HttpError> {
        let address = options.address;
        if options.tls.is_none() && !address.ip().is_loopback() {
            return Err(HttpError::NoTls(address));
        }
        let tokens = options.tokens.read()?;
        if !tokens.any(SystemTime::now()) {
            return Err(HttpError::NoToken);
        }
        let guard = Guard::new(address, &options.hosts, options.tls.is_some())?;
        let tls = options.tls.map(|files| files.acceptor()).transpose()?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| HttpError::Listen { address, source })?;
        let limits = options.limits;
        let (running, closing) = (TaskTracker::new(), CancellationToken::new());
        let ending = CancellationToken::new();
        let clients = Arc::new(Clients::new(
            endpoint,
            options.tokens,
            tokens,
            limits.clone(),
            ending.clone(),
        ));
        let service = Service::new(
            guard,
            Arc::clone(&clients),
            limits.body_bytes,
            options.metrics,
            running.clone(),
            closing.clone(),
        );
        Ok(Self {
            listener,
            tls,
            service: Arc::new(service),
            clients,
            limits,
            running,
            closing,
            ending,
        })
    }

    /// Where it listens: the port that it got, where none was named.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` resolves. Then it takes no further request, waits for calls that run, as long as
    /// [`HttpLimits::grace`](super::HttpLimits::grace) says, and ends all sessions.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let _refreshing = AbortOnDropHandle::new(tokio::spawn(refresh(Arc::clone(&self.clients))));
        let connections = TaskTracker::new();
        let places = Arc::new(Semaphore::new(self.limits.connections.max(1) as usize));
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&places) => accepted,
                () = stop.as_mut() => break,
            };
            let Some((stream, place)) = accepted else {
                continue;
            };
            let (tls, service) = (self.tls.clone(), Arc::clone(&self.service));
            let (stall, ending) = (self.limits.stall, self.ending.clone());
            connections.spawn(async move {
                connection::serve(stream, tls, service, stall, ending).await;
                drop(place);
            });
        }
        self.end(connections).await;
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, _)) => {
                // Without it, small events wait for the ones after them.
                let _ = stream.set_nodelay(true);
                Some((stream, place))
            }
            Err(error) => {
                tracing::warn!("no connection can be taken: {error}");
                sleep(NO_ROOM).await;
                None
            }
        }
    }

    async fn end(self, connections: TaskTracker) {
        let grace = self.limits.grace;
        // Nobody new comes in from here on.
        drop(self.listener);
        self.closing.cancel();
        self.running.close();
        if timeout(grace, self.running.wait()).await.is_err() {
            tracing::warn!("calls that still run are ended");
        }
        self.ending.cancel();
        connections.close();
        // What does not end by now ends with its task.
        let _ = timeout(grace, connections.wait()).await;
    }
}

async fn refresh(clients: Arc<Clients>) {
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let clients = Arc::clone(&clients);
        let _ = tokio::task::spawn_blocking(move || clients.refresh()).await;
    }
}
