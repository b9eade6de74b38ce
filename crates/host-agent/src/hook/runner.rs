//! Asks and tells handlers.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use portcullis_contract::hook::POINTS;
use serde_json::Value;

use super::check::Fits;
use super::observe::Observers;
use super::pass::{Pass, Passed, Raised};
use super::state::{HandlerState, HookStatus};
use super::table::{HookTable, Key, index_named, index_of};
use super::{Payload, Point, raises_hooks};
use crate::action::Intent;

/// How long a handler may take: a dozen of them in a row are still hardly felt by who waits for an answer.
pub const DEADLINE: Duration = Duration::from_millis(50);

/// Failures in a row after which a handler is not asked for a while: more than a hiccup of what it depends on.
pub const BREAKER_FAILURES: u32 = 5;

/// For how long: what it depends on may have restarted by then, and a person who waits for a gate has not given up.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(30);

/// Events that wait for one observer: some turns' worth, each a pointer to a payload that observers share.
pub const OBSERVER_QUEUE: usize = 256;

/// What holds for all handlers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookOptions {
    /// How long a handler may take that has no deadline of its own.
    pub deadline: Duration,
    /// After how many failures in a row a handler is not asked for [`breaker_pause`](Self::breaker_pause); at least 1.
    pub breaker_failures: u32,
    /// For how long it is not asked. Then one call finds out whether it works again.
    pub breaker_pause: Duration,
    /// How many events wait for one observer; at least 1. What comes beyond is dropped.
    pub observer_queue: usize,
}

impl Default for HookOptions {
    fn default() -> Self {
        Self {
            deadline: DEADLINE,
            breaker_failures: BREAKER_FAILURES,
            breaker_pause: BREAKER_PAUSE,
            observer_queue: OBSERVER_QUEUE,
        }
    }
}

/// Asks and tells the handlers of a [`HookTable`]. Clones are the same runner; with the last one, observers end.
///
/// It knows handlers by author, name and point, and what it knows – failures, open breakers, what observers are yet to be told –
/// stays when a table takes the place of another. It runs within a tokio runtime that has a timer.
#[derive(Clone)]
pub struct HookRunner {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) options: HookOptions,
    pub(super) observers: Observers,
    handlers: Mutex<HashMap<Arc<Key>, Arc<HandlerState>>>,
    /// In every id of an event, so that two runners' differ.
    run: u64,
    events: AtomicU64,
}

impl HookRunner {
    /// A runner that knows nobody yet.
    pub fn new(options: HookOptions) -> Self {
        let inner = Inner {
            observers: Observers::new(&options),
            options,
            handlers: Mutex::default(),
            run: RandomState::new().hash_one(()),
            events: AtomicU64::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Raises the event of a payload, which is only made if somebody is subscribed. Inside a handler nobody is asked.
    ///
    /// Dropping the future ends the handler that is being asked, and nobody after it is asked or told.
    ///
    /// # Panics
    /// Outside of a tokio runtime with a timer, where somebody is subscribed.
    pub async fn run<P: Payload>(
        &self,
        table: &Arc<HookTable>,
        payload: impl FnOnce() -> P,
    ) -> Passed<P> {
        let index = const { index_named(P::POINT) };
        if !asks(table, index) {
            return Passed::default();
        }
        // Strings for keys, and values that came from JSON: there is nothing that could fail.
        let payload = serde_json::to_value(payload()).unwrap_or_default();
        let passed = self.pass(table, index, payload, fits::<P>).await;
        // It was read before it was taken.
        passed.and_then(|changed| serde_json::from_value(changed).ok())
    }

    /// As [`run`](Self::run), for who has a point and a payload and no type.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub async fn raise(
        &self,
        table: &Arc<HookTable>,
        point: &'static Point,
        payload: impl FnOnce() -> Value,
    ) -> Raised {
        match index_of(point) {
            Some(index) if asks(table, index) => {
                self.pass(table, index, payload(), |_| Ok(())).await
            }
            _ => Raised::default(),
        }
    }

    /// The way of an event past those who stand at it. It is boxed, so that a point without subscribers takes no room in its
    /// caller's future.
    fn pass<'a>(
        &'a self,
        table: &'a HookTable,
        index: usize,
        payload: Value,
        fits: Fits,
    ) -> BoxFuture<'a, Raised> {
        let pass = Pass::new(&self.inner, &POINTS[index], payload, fits);
        Box::pin(pass.through(table.line(index)))
    }

    /// How every handler does that was ever asked, by author, name and point.
    pub fn status(&self) -> Vec<HookStatus> {
        let mut all: Vec<_> = self
            .inner
            .handlers(|handlers| handlers.values().cloned().collect());
        all.sort_by(|one: &Arc<HandlerState>, other| one.key.cmp(&other.key));
        all.iter().map(|handler| handler.status()).collect()
    }

    /// Forgets the handlers that this table does not have: call it when a table has taken the place of another. What their
    /// observers are yet to be told, they are told.
    pub fn forget_others(&self, table: &HookTable) {
        let known = table.keys();
        self.inner
            .handlers(|handlers| handlers.retain(|key, _| known.contains(&**key)));
    }

    /// Takes what observers wanted done, each granted, at events of this session – or, for none, at those that belong to no session.
    /// What nobody takes is refused in the end, to make room for more.
    pub fn take_intents(&self, session: Option<&str>) -> Vec<Intent> {
        self.inner.observers.take_intents(session)
    }

    /// Waits until observers have been told everything, which takes each no longer than its deadline for each event.
    pub async fn drain(&self) {
        self.inner.observers.drain().await;
    }
}

impl Inner {
    /// What is known of a handler.
    pub(super) fn state(&self, key: &Arc<Key>) -> Arc<HandlerState> {
        let new = || Arc::new(HandlerState::new(key.clone(), &self.options));
        self.handlers(|handlers| handlers.entry(key.clone()).or_insert_with(new).clone())
    }

    fn handlers<R>(&self, look: impl FnOnce(&mut HashMap<Arc<Key>, Arc<HandlerState>>) -> R) -> R {
        look(&mut self.handlers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An id that no other event of this runner has, nor another runner's for all practical purposes.
    pub(super) fn next_id(&self) -> Arc<str> {
        let event = self.events.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}-{event}", self.run).into()
    }
}

/// Whether anybody is asked or told here and now.
fn asks(table: &HookTable, index: usize) -> bool {
    !table.line(index).is_empty() && raises_hooks()
}

/// Whether a value is a payload of this type.
fn fits<P: Payload>(value: &Value) -> Result<(), String> {
    match P::deserialize(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
