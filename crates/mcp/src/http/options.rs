//! How a server listens, and what its clients may use.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Metrics, TlsFiles, TokenFile};

/// Where it listens, where nothing else is said.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7332);

/// Connections at once: as many as there are sessions, since a client keeps one open for what it is told unasked, and under what
/// systems let a process open.
const CONNECTIONS: u32 = 1_024;

/// Sessions of all tokens: each takes some dozens of KiB and two tasks.
const SESSIONS: u32 = 1_024;

/// Sessions of one token: a person's clients on some machines, each with some windows, and those that went without a word.
const SESSIONS_EACH: u32 = 128;

/// Bytes of one message. Arguments are a MiB by default; four hold them as a client may encode them.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Requests of one token within a minute: a model makes some, a program some thousand; a loop without end makes more.
const REQUESTS_PER_MINUTE: u32 = 6_000;

/// How long a session without any open connection waits for its client.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// How long a call whose client broke off waits for it to come back and resume.
const RECONNECT: Duration = Duration::from_secs(15);

/// How long a client may take nothing of what is sent to it.
const STALL: Duration = Duration::from_secs(30);

/// How long running calls are waited for at the end.
const GRACE: Duration = Duration::from_secs(10);

/// How a [`Server`](super::Server) listens.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where it listens. The default is port 7332 of the loopback address.
    pub address: SocketAddr,
    /// The certificate and key that it shows. Without them it listens on a loopback address alone.
    pub tls: Option<TlsFiles>,
    /// Names and addresses that clients may call it by in `Host`, beside the address that it listens on and, where that is a
    /// loopback one, `localhost`.
    pub hosts: Vec<String>,
    /// Whom it lets in.
    pub tokens: TokenFile,
    /// What clients may use.
    pub limits: HttpLimits,
    /// What `/metrics` tells; nothing is there without.
    pub metrics: Option<Metrics>,
}

impl HttpOptions {
    /// On the default address, without TLS, for who has one of these tokens.
    pub fn new(tokens: TokenFile) -> Self {
        Self {
            address: ADDRESS,
            tls: None,
            hosts: Vec::new(),
            tokens,
            limits: HttpLimits::default(),
            metrics: None,
        }
    }
}

/// What clients of a [`Server`](super::Server) may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at once; further ones wait.
    pub connections: u32,
    /// Sessions of all tokens together.
    pub sessions: u32,
    /// Sessions of one token.
    pub sessions_each: u32,
    /// Bytes of one message.
    pub body_bytes: usize,
    /// Requests of one token within a minute; at least 1.
    pub requests_per_minute: u32,
    /// How long a session without an open connection waits for its client.
    pub idle: Duration,
    /// How long a session waits for its client to resume a call whose connection broke off; then its calls end with it.
    pub reconnect: Duration,
    /// How long a client may take nothing of what is sent to it before its connection is closed.
    pub stall: Duration,
    /// How long running calls are waited for when the server ends.
    pub grace: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            sessions: SESSIONS,
            sessions_each: SESSIONS_EACH,
            body_bytes: BODY_BYTES,
            requests_per_minute: REQUESTS_PER_MINUTE,
            idle: IDLE,
            reconnect: RECONNECT,
            stall: STALL,
            grace: GRACE,
        }
    }
}
