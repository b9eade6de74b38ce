//! What all clients of a server have in common.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::tool::{Approvals, Unattended};

use crate::catalog::Catalog;
use crate::principal::Principal;
use crate::session::Session;

/// Most definitions in one answer to a list: clients that don't ask for the next page see what almost all servers have, and a page
/// stays within what one message may hold.
const PAGE: usize = 500;

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
}

impl Default for EndpointOptions {
    fn default() -> Self {
        let (naming, page) = (Naming::default(), PAGE);
        Self { naming, page }
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
    /// The client asks its person before it calls; nobody else is asked.
    pub(crate) approvals: Approvals,
    catalog: ArcSwap<Catalog>,
    sessions: AtomicU64,
}

impl Endpoint {
    /// Serves what these extensions have now, and whatever they have later.
    pub fn new(extensions: Arc<Extensions>, options: EndpointOptions) -> Self {
        let catalog = Catalog::new(&extensions.snapshot(), options.naming);
        let inner = Inner {
            extensions,
            options,
            approvals: Approvals::new(Arc::new(Unattended::default())),
            catalog: ArcSwap::from_pointee(catalog),
            sessions: AtomicU64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A session for one client.
    pub fn session(&self, principal: Principal) -> Session {
        let number = self.inner.sessions.fetch_add(1, Ordering::Relaxed);
        Session::new(self.clone(), principal, number)
    }

    /// What there is now, as clients see it.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let catalog = self.inner.catalog.load_full();
        let snapshot = self.inner.extensions.snapshot();
        if catalog.is_of(&snapshot) {
            return catalog;
        }
        let catalog = Arc::new(Catalog::new(&snapshot, self.inner.options.naming));
        self.inner.catalog.store(Arc::clone(&catalog));
        catalog
    }
}
