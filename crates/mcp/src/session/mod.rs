//! One client.

mod ask;
mod call;
mod complete;
mod consent;
mod listen;
mod log;
mod prompt;
mod questions;
mod report;
mod resource;
mod rounds;
mod sampling;
mod server;
mod tool;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use portcullis_host_agent::core::InstancePolicy;
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::endpoint::Endpoint;
use crate::principal::Principal;
use consent::Consent;
use log::Level;
pub(crate) use rounds::Rounds;

/// One client's view of an [`Endpoint`], as rmcp serves it. Clones are the same session; what plugins keep for it is dropped with the
/// last of them.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    /// Where calls go on that take longer, if not where the session is.
    others: Option<Handle>,
}

struct Inner {
    endpoint: Endpoint,
    principal: Principal,
    /// Names it among all sessions, for plugins that keep sessions.
    id: String,
    /// How serious a guest's line must be to be told.
    level: Level,
    /// The addresses that the client wants to hear of.
    subscribed: Mutex<BTreeSet<String>>,
    /// What the person allowed.
    consent: Arc<Consent>,
    rounds: Rounds,
    /// Whether each request without a handshake comes in a session of its own.
    brief: bool,
    begun: OnceLock<()>,
    /// Cancelled once the client is ready to hear of anything.
    ready: CancellationToken,
    over: CancellationToken,
    _over: DropGuard,
}

impl Session {
    pub(crate) fn new(
        endpoint: Endpoint,
        principal: Principal,
        number: u64,
        rounds: Option<Rounds>,
    ) -> Self {
        let id = format!("{}#{number}", principal.name);
        let over = CancellationToken::new();
        let inner = Inner {
            endpoint,
            principal,
            id,
            level: Level::default(),
            subscribed: Mutex::default(),
            consent: Arc::default(),
            brief: rounds.is_some(),
            rounds: rounds.unwrap_or_default(),
            begun: OnceLock::new(),
            ready: CancellationToken::new(),
            _over: over.clone().drop_guard(),
            over,
        };
        Self {
            inner: Arc::new(inner),
            others: None,
        }
    }

    /// The same, which has a runtime of its own beside this one.
    pub(crate) fn beside(self, others: Handle) -> Self {
        Self {
            others: Some(others),
            ..self
        }
    }

    /// Who the client is.
    pub fn principal(&self) -> &Principal {
        &self.inner.principal
    }
}

impl Inner {
    fn subscribed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.subscribed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let snapshot = self.endpoint.inner.extensions.snapshot();
        for (_, plugin) in snapshot.plugins() {
            if plugin.instance_policy() == InstancePolicy::Session {
                plugin.close_session(&self.id);
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("principal", &self.inner.principal)
            .field("id", &self.inner.id)
            .finish_non_exhaustive()
    }
}
