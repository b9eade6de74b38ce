//! The sessions of one token: rmcp's, counted, and ended when their client is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker, SessionConfig,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use super::presence::{Patience, Presence, Purpose};

/// How soon a client whose connection ended is told to come back: before it is taken for gone, some times over.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// How long a client may take between asking for a session and saying how it goes on.
const BEGIN: Duration = Duration::from_secs(10);

/// Where sessions get their places from.
#[derive(Clone, Debug)]
pub(super) struct Places {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// No session can be opened now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// By this token.
    #[error("this token has as many sessions as it may; end one (DELETE) before the next")]
    Own,
    /// By anybody.
    #[error("the server has as many sessions as it can hold")]
    All,
}

impl Places {
    /// Places for one token, of those that there are for all.
    pub(super) fn new(own: u32, all: &Arc<Semaphore>) -> Self {
        Self {
            own: Arc::new(Semaphore::new(own as usize)),
            all: Arc::clone(all),
        }
    }

    fn take(&self) -> Result<[OwnedSemaphorePermit; 2], Full> {
        let own = Arc::clone(&self.own).try_acquire_owned();
        let own = own.map_err(|_| Full::Own)?;
        let all = Arc::clone(&self.all).try_acquire_owned();
        Ok([own, all.map_err(|_| Full::All)?])
    }
}

/// Why the sessions can't do what a request needs.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionsError {
    #[error(transparent)]
    Full(#[from] Full),
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

/// The sessions of one token.
#[derive(Debug)]
pub(super) struct Sessions {
    local: Arc<LocalSessionManager>,
    open: Mutex<HashMap<SessionId, Kept>>,
    places: Places,
    patience: Patience,
}

/// What is kept for an open session.
#[derive(Debug)]
struct Kept {
    presence: Arc<Presence>,
    _ending: AbortOnDropHandle<()>,
    _places: [OwnedSemaphorePermit; 2],
}

impl Sessions {
    pub(super) fn new(places: Places, patience: Patience) -> Self {
        let mut config = SessionConfig::default();
        // Whether a client is there is seen here, by its connections and not by its words.
        config.keep_alive = None;
        config.init_timeout = Some(BEGIN);
        config.sse_retry = Some(RETRY);
        let mut local = LocalSessionManager::default();
        local.session_config = config;
        Self {
            local: Arc::new(local),
            open: Mutex::default(),
            places,
            patience,
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionId, Kept>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open().len()
    }

    /// Whether there is such a session.
    pub(super) fn has(&self, id: &str) -> bool {
        let open = self.open();
        open.get(id).is_some_and(|kept| !kept.presence.is_over())
    }

    /// Why no session can be opened now, if that is so.
    pub(super) fn full(&self) -> Option<Full> {
        self.places.take().err()
    }

    fn presence(&self, id: &SessionId) -> Result<Arc<Presence>, SessionsError> {
        let open = self.open();
        let kept = open.get(id).map(|kept| Arc::clone(&kept.presence));
        let kept = kept.filter(|presence| !presence.is_over());
        Ok(kept.ok_or_else(|| LocalSessionManagerError::SessionNotFound(id.clone()))?)
    }
}

impl SessionManager for Sessions {
    type Error = SessionsError;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionsError> {
        let places = self.places.take()?;
        let (id, transport) = self.local.create_session().await?;
        let presence = Presence::new(self.patience);
        let ending = {
            let (local, id) = (Arc::clone(&self.local), id.clone());
            let presence = Arc::clone(&presence);
            async move {
                presence.gone().await;
                tracing::debug!("a session ends, since its client is gone");
                presence.end();
                // Its worker ends, and who serves it then closes it here too.
                let _ = local.close_session(&id).await;
            }
        };
        let kept = Kept {
            presence,
            _ending: AbortOnDropHandle::new(tokio::spawn(ending)),
            _places: places,
        };
        self.open().insert(id.clone(), kept);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionsError> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionsError> {
        Ok(self.has(id))
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionsError> {
        let kept = self.open().remove(id);
        let closed = self.local.close_session(id).await;
        drop(kept);
        Ok(closed?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let presence = self.presence(id)?;
        let stream = self.local.create_stream(id, message).await?;
        Ok(presence.attend(stream, Purpose::Call))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), SessionsError> {
        self.presence(id)?.heard();
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let presence = self.presence(id)?;
        let stream = self.local.create_standalone_stream(id).await?;
        Ok(presence.attend(stream, Purpose::Listening))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let presence = self.presence(id)?;
        // `EVENT/REQUEST` for a call's events, `EVENT` for what was said unasked.
        let purpose = match last_event_id.contains('/') {
            true => Purpose::Call,
            false => Purpose::Listening,
        };
        let stream = self.local.resume(id, last_event_id).await?;
        Ok(presence.attend(stream, purpose))
    }
}
