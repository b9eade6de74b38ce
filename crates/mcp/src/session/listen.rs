//! What a client is told without asking: that lists have changed, and resources that it wants to hear of.

use std::sync::Weak;

use rmcp::RoleServer;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, SubscriptionSendError, SubscriptionSink};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{Inner, Session};
use crate::catalog::Digests;
use crate::endpoint::Update;

/// Who is told.
pub(super) enum Listener {
    /// A client that began with a handshake: it hears of all lists, and of the resources that it subscribed to.
    Client(Peer<RoleServer>),
    /// One that listens by a request, which says to what.
    Request(SubscriptionSink),
}

/// Follows what changes from here on, for one listener.
pub(super) struct Follow {
    session: Weak<Inner>,
    lists: watch::Receiver<()>,
    updates: broadcast::Receiver<Update>,
    told: Digests,
}

impl Session {
    pub(super) fn follow(&self) -> Follow {
        let endpoint = &self.inner.endpoint;
        Follow {
            session: std::sync::Arc::downgrade(&self.inner),
            // First, so that what changes meanwhile is told.
            lists: endpoint.inner.extensions.changes(),
            updates: endpoint.inner.updates.subscribe(),
            told: endpoint.catalog().lists.digests(&self.inner.principal),
        }
    }
}

/// What comes next.
enum Next {
    Lists,
    Update(Update),
    /// Some were missed.
    Lagged,
}

impl Follow {
    /// Tells until it is over, or nobody listens any more.
    pub(super) async fn tell(mut self, to: Listener, over: CancellationToken) {
        loop {
            let next = tokio::select! {
                biased;
                () = over.cancelled() => return,
                next = self.next() => next,
            };
            let Some((next, session)) = next.zip(self.session.upgrade()) else {
                return;
            };
            let told = match next {
                Next::Lists => self.lists(&session, &to).await,
                Next::Update(update) => updated(&session, &update, &to).await,
                Next::Lagged => everything(&session, &to).await,
            };
            if told.is_err() {
                return;
            }
        }
    }

    async fn next(&mut self) -> Option<Next> {
        tokio::select! {
            changed = self.lists.changed() => changed.ok().map(|()| Next::Lists),
            update = self.updates.recv() => match update {
                Ok(update) => Some(Next::Update(update)),
                Err(RecvError::Lagged(_)) => Some(Next::Lagged),
                Err(RecvError::Closed) => None,
            },
        }
    }

    /// Tells of the lists that differ from what this client was told last.
    async fn lists(&mut self, session: &Inner, to: &Listener) -> Result<(), Gone> {
        let now = session.endpoint.catalog().lists.digests(&session.principal);
        let before = std::mem::replace(&mut self.told, now);
        if before.tools != now.tools {
            to.tools().await?;
        }
        if before.resources != now.resources {
            to.resources().await?;
        }
        if before.prompts != now.prompts {
            to.prompts().await?;
        }
        Ok(())
    }
}

/// A plugin speaks of its own resources, and of those only to who sees them.
async fn updated(session: &Inner, update: &Update, to: &Listener) -> Result<(), Gone> {
    let catalog = session.endpoint.catalog();
    let found = catalog.resource(&update.uri, &session.principal);
    let own = found.is_some_and(|found| *found.plugin().id() == update.plugin);
    if own && to.wants(session, &update.uri) {
        to.updated(&update.uri).await?;
    }
    Ok(())
}

async fn everything(session: &Inner, to: &Listener) -> Result<(), Gone> {
    let all: Vec<_> = match to {
        Listener::Client(_) => session.subscribed().iter().cloned().collect(),
        Listener::Request(sink) => sink
            .accepted()
            .resource_subscriptions
            .clone()
            .unwrap_or_default(),
    };
    for uri in all {
        to.updated(&uri).await?;
    }
    Ok(())
}

/// Nobody listens any more.
struct Gone;

impl Listener {
    fn wants(&self, session: &Inner, uri: &str) -> bool {
        match self {
            Self::Client(_) => session.subscribed().contains(uri),
            // It knows by itself.
            Self::Request(_) => true,
        }
    }

    async fn tools(&self) -> Result<(), Gone> {
        match self {
            Self::Client(peer) => peer.notify_tool_list_changed().await.map_err(|_| Gone),
            Self::Request(sink) => heard(sink.notify_tool_list_changed().await),
        }
    }

    async fn resources(&self) -> Result<(), Gone> {
        match self {
            Self::Client(peer) => peer.notify_resource_list_changed().await.map_err(|_| Gone),
            Self::Request(sink) => heard(sink.notify_resource_list_changed().await),
        }
    }

    async fn prompts(&self) -> Result<(), Gone> {
        match self {
            Self::Client(peer) => peer.notify_prompt_list_changed().await.map_err(|_| Gone),
            Self::Request(sink) => heard(sink.notify_prompt_list_changed().await),
        }
    }

    async fn updated(&self, uri: &str) -> Result<(), Gone> {
        match self {
            Self::Client(peer) => {
                let update = ResourceUpdatedNotificationParam::new(uri);
                peer.notify_resource_updated(update).await.map_err(|_| Gone)
            }
            Self::Request(sink) => heard(sink.notify_resource_updated(uri).await),
        }
    }
}

/// What a listener did not ask for it need not hear.
fn heard(sent: Result<(), SubscriptionSendError>) -> Result<(), Gone> {
    match sent {
        Ok(()) | Err(SubscriptionSendError::NotificationNotAccepted(_)) => Ok(()),
        Err(_) => Err(Gone),
    }
}
