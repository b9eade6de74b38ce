//! Who comes with one token: what is served to it, at which rate.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rmcp::transport::StreamableHttpService;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::presence::Patience;
use super::sessions::{Places, RETRY, Sessions};
use super::token::TokenHash;
use super::{HttpLimits, TokenFile, TokenRecord, TokenStatus, Tokens};
use crate::session::Rounds;
use crate::{Endpoint, Session};

/// How often a stream without events says that it is there: often enough for what lies between, and for finding out who left.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Everything that is kept for one token while the server runs.
pub(super) struct Client {
    pub(super) record: TokenRecord,
    pub(super) sessions: Arc<Sessions>,
    pub(super) service: StreamableHttpService<Session, Sessions>,
    rate: DefaultDirectRateLimiter,
    /// Cancelled when the token counts no more.
    ending: CancellationToken,
}

impl Client {
    /// Whether it may ask now.
    pub(super) fn may_ask(&self) -> bool {
        self.rate.check().is_ok()
    }
}

/// Ends its sessions and what is sent to them.
impl Drop for Client {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotLetIn {
    /// There is no such token.
    Unknown,
    /// It counted until now.
    Expired,
}

/// The clients of all tokens.
pub(super) struct Clients {
    endpoint: Endpoint,
    file: TokenFile,
    limits: HttpLimits,
    places: Arc<Semaphore>,
    ending: CancellationToken,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    tokens: Tokens,
    clients: HashMap<TokenHash, Arc<Client>>,
}

impl Clients {
    pub(super) fn new(
        endpoint: Endpoint,
        file: TokenFile,
        tokens: Tokens,
        limits: HttpLimits,
        ending: CancellationToken,
    ) -> Self {
        let known = Known {
            tokens,
            clients: HashMap::new(),
        };
        Self {
            endpoint,
            file,
            places: Arc::new(Semaphore::new(limits.sessions as usize)),
            limits,
            ending,
            known: Mutex::new(known),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who presented this.
    pub(super) fn find(&self, presented: &str) -> Result<Arc<Client>, NotLetIn> {
        let mut known = self.known();
        let Known { tokens, clients } = &mut *known;
        let record = tokens.find(presented).ok_or(NotLetIn::Unknown)?;
        if record.status(SystemTime::now()) == TokenStatus::Expired {
            return Err(NotLetIn::Expired);
        }
        let client = clients.entry(record.hash);
        let client = client.or_insert_with(|| Arc::new(self.client(record.clone())));
        Ok(Arc::clone(client))
    }

    fn client(&self, record: TokenRecord) -> Client {
        let ending = self.ending.child_token();
        let patience = Patience {
            idle: self.limits.idle,
            reconnect: self.limits.reconnect,
        };
        let places = Places::new(self.limits.sessions_each, &self.places);
        let sessions = Arc::new(Sessions::new(places, patience));
        // Names are checked before anything else here, and more strictly.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_sse_keep_alive(Some(KEEP_ALIVE))
            .with_sse_retry(Some(RETRY))
            .with_max_request_body_bytes(self.limits.body_bytes)
            .with_cancellation_token(ending.clone());
        let (endpoint, principal) = (self.endpoint.clone(), record.principal());
        let rounds = Rounds::default();
        let session = move || Ok(endpoint.session_of_rounds(principal.clone(), rounds.clone()));
        let rate = NonZeroU32::new(self.limits.requests_per_minute).unwrap_or(NonZeroU32::MIN);
        Client {
            record,
            service: StreamableHttpService::new(session, Arc::clone(&sessions), config),
            sessions,
            rate: RateLimiter::direct(Quota::per_minute(rate)),
            ending,
        }
    }

    /// Reads the tokens again, and ends the sessions of those that count no more. Where the tokens can't be read, none counts:
    /// what was revoked may be among them.
    pub(super) fn refresh(&self) {
        let tokens = self.file.read().unwrap_or_else(|error| {
            tracing::error!("nobody is let in: {error}");
            Tokens::default()
        });
        let now = SystemTime::now();
        let mut known = self.known();
        let counts = |client: &Client| {
            let record = tokens.get(&client.record.hash);
            record.is_some_and(|record| {
                *record == client.record && record.status(now) == TokenStatus::Counts
            })
        };
        let gone: Vec<_> = (known.clients)
            .extract_if(|_, client| !counts(client))
            .collect();
        known.tokens = tokens;
        drop(known);
        for (_, client) in gone {
            tracing::info!("the token {} counts no more", client.record.terms.name);
            client.ending.cancel();
        }
    }

    /// How many sessions are open.
    pub(super) fn sessions(&self) -> usize {
        let known = self.known();
        let counts = known.clients.values().map(|client| client.sessions.count());
        counts.sum()
    }
}
