//! Sessions: one instance per session id, kept until it is closed or idle, one call at a time.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::error::{BusyScope, Error};
use crate::instance::Instance;

/// The open sessions of all plugins, counted.
#[derive(Debug)]
pub(crate) struct SessionCount {
    open: AtomicU32,
    limit: u32,
}

impl SessionCount {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            open: AtomicU32::new(0),
            limit,
        }
    }

    pub(crate) fn open(&self) -> u32 {
        self.open.load(Ordering::Relaxed)
    }

    fn take(self: &Arc<Self>) -> Option<Open> {
        let one_more = |now| (now < self.limit).then_some(now + 1);
        self.open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(Open(Arc::clone(self)))
    }
}

/// One open session.
struct Open(Arc<SessionCount>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Session {
    /// Whose turn it is. Held by a call as a permit, not a lock: it is awaited, and nothing is locked while a guest runs.
    turn: Arc<Semaphore>,
    kept: Mutex<Kept>,
    _open: Open,
}

struct Kept {
    instance: Option<Instance>,
    /// The last instance ended badly, and nobody was told yet.
    lost: bool,
    last_used: Instant,
}

impl Session {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sessions of one plugin.
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Arc<Session>>>,
    limit: u32,
    idle: Duration,
    count: Arc<SessionCount>,
    sweeping: AtomicBool,
    /// Sessions that ended with an earlier version of the plugin, whose next call is told.
    lost: Mutex<HashSet<String>>,
    /// Those of the version that took this one's place.
    successor: OnceLock<Weak<Sessions>>,
}

/// A session's turn. Dropped without [`keep`](Turn::keep), it ends the session's state.
pub(crate) struct Turn {
    session: Arc<Session>,
    kept: bool,
    /// Whether the state of an earlier call was lost, which the caller is told.
    pub(crate) rebuilt: bool,
    _turn: OwnedSemaphorePermit,
}

impl Sessions {
    pub(crate) fn new(limits: &crate::PluginLimits, count: Arc<SessionCount>) -> Self {
        Self {
            open: Mutex::default(),
            limit: limits.sessions,
            idle: limits.session_idle,
            count,
            sweeping: AtomicBool::new(false),
            lost: Mutex::default(),
            successor: OnceLock::new(),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the session's turn and takes its instance, if it has one already.
    ///
    /// # Errors
    /// [`Error::Busy`] where there are too many sessions.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<(Turn, Option<Instance>), Error> {
        let session = self.find_or_open(id)?;
        self.sweep();
        let turn = Arc::clone(&session.turn)
            .acquire_owned()
            .await
            .map_err(Error::host)?;
        let mut kept = session.kept();
        let instance = kept.instance.take();
        let rebuilt = std::mem::take(&mut kept.lost);
        drop(kept);
        Ok((
            Turn {
                session,
                kept: false,
                rebuilt,
                _turn: turn,
            },
            instance,
        ))
    }

    fn find_or_open(&self, id: &str) -> Result<Arc<Session>, Error> {
        let mut open = self.open();
        if let Some(session) = open.get(id) {
            return Ok(Arc::clone(session));
        }
        if open.len() >= self.limit as usize {
            return Err(Error::Busy {
                scope: BusyScope::PluginSessions,
                limit: self.limit.into(),
            });
        }
        let busy = || Error::Busy {
            scope: BusyScope::HostSessions,
            limit: self.count.limit.into(),
        };
        if let Some(successor) = self.successor.get().and_then(Weak::upgrade) {
            successor.lose([id.to_owned()]);
        }
        let session = Arc::new(Session {
            turn: Arc::new(Semaphore::new(1)),
            kept: Mutex::new(Kept {
                instance: None,
                lost: self.lost().remove(id),
                last_used: Instant::now(),
            }),
            _open: self.count.take().ok_or_else(busy)?,
        });
        open.insert(id.to_owned(), Arc::clone(&session));
        Ok(session)
    }

    /// Closes a session; a call that is in it goes on to its end. False where there is none.
    pub(crate) fn close(&self, id: &str) -> bool {
        self.lost().remove(id);
        self.open().remove(id).is_some()
    }

    /// Closes all sessions.
    pub(crate) fn close_all(&self) {
        self.open().clear();
    }

    fn lost(&self) -> MutexGuard<'_, HashSet<String>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all sessions, since another version of the plugin takes this one's place: their next call, which goes to that one,
    /// is told. Calls that are in one go on to their end.
    pub(crate) fn end_for(&self, successor: &Arc<Self>) {
        let ended = {
            let mut open = self.open();
            let _ = self.successor.set(Arc::downgrade(successor));
            std::mem::take(&mut *open)
        };
        let untold = std::mem::take(&mut *self.lost());
        successor.lose(ended.into_keys().chain(untold));
    }

    fn lose(&self, ids: impl IntoIterator<Item = String>) {
        let mut lost = self.lost();
        for id in ids {
            if lost.len() < self.limit as usize {
                lost.insert(id);
            }
        }
    }

    /// Closes idle sessions from now on, in a task that ends with the last session.
    fn sweep(self: &Arc<Self>) {
        if !self.sweeping.swap(true, Ordering::SeqCst) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Closes what is idle, and tells when the next session may be.
    fn close_idle(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut open = self.open();
        // A session whose turn is taken is not idle, however long its call takes.
        open.retain(|_, session| {
            session.turn.available_permits() == 0 || session.kept().last_used + self.idle > now
        });
        let next = open
            .values()
            .map(|session| session.kept().last_used + self.idle)
            .min();
        if next.is_none() {
            self.sweeping.store(false, Ordering::SeqCst);
        }
        next.map(|next| next.max(now + Duration::from_millis(10)))
    }
}

async fn sweep(sessions: Weak<Sessions>) {
    loop {
        let Some(next) = sessions
            .upgrade()
            .and_then(|sessions| sessions.close_idle())
        else {
            return;
        };
        sleep_until(next).await;
    }
}

impl Turn {
    /// Keeps the instance for the session's next call.
    pub(crate) fn keep(mut self, instance: Instance) {
        let mut kept = self.session.kept();
        kept.instance = Some(instance);
        kept.last_used = Instant::now();
        drop(kept);
        self.kept = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.kept {
            let mut kept = self.session.kept();
            kept.lost = true;
            kept.last_used = Instant::now();
        }
    }
}
