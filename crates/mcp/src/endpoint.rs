//! What all clients of a server have in common.

mod pages;
mod updates;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::tool::Approvals;

use crate::catalog::{Catalog, Lists};
use crate::principal::Principal;
use crate::session::{Rounds, Session};
pub(crate) use updates::{Update, Updates};

/// Most definitions in one answer to a list: clients that don't ask for the next page see what almost all servers have, and a page
/// stays within what one message may hold.
const PAGE: usize = 500;

/// How many lists are kept for clients that are in the middle of one while plugins are reloaded. Who takes longer begins anew.
const KEPT_LISTS: usize = 8;

/// How tools and prompts are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// `plugin__tool`, with `_` for each dot of the plugin's id: no two are the same, whatever is installed.
    #[default]
    Qualified,
    /// As the plugin's author named them, for a server of one plugin. Of two of one name, the first plugin's by id is there.
    Own,
}

/// How plugins are served. The default serves them as any client understands them.
#[derive(Clone, Debug)]
pub struct EndpointOptions {
    /// How tools and prompts are named.
    pub naming: Naming,
    /// Most definitions in one answer to a list; at least 1.
    pub page: usize,
    /// Whether the client's model serves plugins' `llm`, by sampling, in the place of the host's.
    pub sampling: bool,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        Self {
            naming: Naming::default(),
            page: PAGE,
            sampling: false,
        }
    }
}

/// What all clients have in common: the plugins, and how they are shown. Clones share it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) options: EndpointOptions,
    pub(crate) approvals: Approvals,
    pub(crate) updates: Arc<Updates>,
    catalog: ArcSwap<Catalog>,
    /// The newest last.
    kept: Mutex<VecDeque<Arc<Lists>>>,
    /// Of lists; begins anywhere, so that another process's cursors fit none.
    generation: AtomicU64,
    sessions: AtomicU64,
}

impl Endpoint {
    /// Serves what these extensions have now, and whatever they have later.
    pub fn new(extensions: Arc<Extensions>, options: EndpointOptions) -> Self {
        let generation = RandomState::new().hash_one(());
        let catalog = Catalog::new(&extensions.snapshot(), options.naming, generation);
        let inner = Inner {
            extensions,
            options,
            approvals: Approvals::new(Arc::new(TheClientAsks)),
            updates: Arc::default(),
            kept: Mutex::new(VecDeque::from([Arc::clone(&catalog.lists)])),
            catalog: ArcSwap::from_pointee(catalog),
            generation: AtomicU64::new(generation),
            sessions: AtomicU64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A session for one client.
    pub fn session(&self, principal: Principal) -> Session {
        Session::new(self.clone(), principal, self.number(), None)
    }

    /// A session for one client that makes each request without a handshake in another, and goes on there with what waits for it.
    pub(crate) fn session_of_rounds(&self, principal: Principal, rounds: Rounds) -> Session {
        Session::new(self.clone(), principal, self.number(), Some(rounds))
    }

    fn number(&self) -> u64 {
        self.inner.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// What there is now, as clients see it.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let inner = &self.inner;
        let catalog = inner.catalog.load_full();
        if catalog.is_of(&inner.extensions.snapshot()) {
            return catalog;
        }
        let mut kept = inner.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have made it meanwhile.
        let (catalog, snapshot) = (inner.catalog.load_full(), inner.extensions.snapshot());
        if catalog.is_of(&snapshot) {
            return catalog;
        }
        let generation = inner
            .generation
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        let catalog = Arc::new(Catalog::new(&snapshot, inner.options.naming, generation));
        inner.catalog.store(Arc::clone(&catalog));
        if kept.len() == KEPT_LISTS {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&catalog.lists));
        catalog
    }
}

/// Before a client calls a tool it asks its person, where it sees a need: the protocol leaves that to clients, and a second question
/// by the server would be about the same call.
struct TheClientAsks;

#[async_trait::async_trait]
impl portcullis_host_agent::tool::Approver for TheClientAsks {
    async fn approve(
        &self,
        _: &portcullis_host_agent::tool::ApprovalRequest,
    ) -> portcullis_host_agent::tool::Answer {
        portcullis_host_agent::tool::Answer::Once
    }
}
