//! What is known of a handler, for as long as the runner lives: whether it works.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::answer;
use super::breaker::{Breaker, Leave};
use super::check::Judged;
use super::failure::HookFailure;
use super::observe::Queue;
use super::table::{Entry, Key};
use super::{Author, HookEvent, HookOptions, HookOutcome, shown};
use crate::escape;

/// How a handler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookStatus {
    /// Who stands behind it.
    pub author: Author,
    /// Its name, as its author wrote it.
    pub name: String,
    /// Its point.
    pub point: &'static str,
    /// How often it was asked.
    pub calls: u64,
    /// How many of these calls failed.
    pub failures: u64,
    /// How often it would have been asked, had it not failed too often before.
    pub skipped: u64,
    /// What it failed with last, safe to show.
    pub last_error: Option<String>,
    /// For how long it is not asked, if so, because it failed too often.
    pub open_for: Option<Duration>,
    /// Events that it is yet to see.
    pub queued: usize,
    /// Events that it will never see, because its queue was full.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    failures: u64,
    skipped: u64,
    last_error: Option<String>,
}

/// One handler's state. It stays when plugins are loaded anew.
#[derive(Debug)]
pub(super) struct HandlerState {
    pub(super) key: Arc<Key>,
    pub(super) queue: Mutex<Queue>,
    breaker: Breaker,
    tally: Mutex<Tally>,
}

impl HandlerState {
    pub(super) fn new(key: Arc<Key>, options: &HookOptions) -> Self {
        Self {
            key,
            queue: Mutex::default(),
            breaker: Breaker::new(options.breaker_failures, options.breaker_pause),
            tally: Mutex::default(),
        }
    }

    /// Asks the handler, if it may be asked now, and judges its answer. Dropping the future counts as a call, and as nothing else.
    pub(super) async fn ask(
        &self,
        entry: &Entry,
        event: HookEvent,
        deadline: Duration,
        judge: impl FnOnce(HookOutcome) -> Result<Judged, HookFailure>,
    ) -> Result<Judged, HookFailure> {
        let leave = match self.breaker.enter(Instant::now()) {
            Ok(leave) => leave,
            Err(left) => {
                self.tally(|tally| tally.skipped += 1);
                return Err(HookFailure::Open(left));
            }
        };
        self.tally(|tally| tally.calls += 1);
        let deadline = entry.subscription.deadline.unwrap_or(deadline);
        let answer = answer(&*entry.subscription.handler, event, deadline).await;
        let judged = answer.and_then(judge);
        match &judged {
            Ok(_) => leave.succeed(),
            Err(failure) => self.failed(leave, failure),
        }
        judged
    }

    fn failed(&self, leave: Leave<'_>, failure: &HookFailure) {
        let opened = leave.fail(Instant::now());
        let error = shown(&failure.to_string());
        let Key {
            author,
            name,
            point,
        } = &*self.key;
        let name = escape::line(name);
        tracing::warn!(plugin = %author, hook = name, point, error, "hook failed");
        if opened {
            tracing::warn!(
                plugin = %author, hook = name, point,
                "hook failed too often in a row: it is not asked for a while, and what it gates does not happen"
            );
        }
        self.tally(|tally| {
            tally.failures += 1;
            tally.last_error = Some(error);
        });
    }

    fn tally<R>(&self, look: impl FnOnce(&mut Tally) -> R) -> R {
        look(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn status(&self) -> HookStatus {
        let (queued, dropped) = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .counts();
        self.tally(|tally| HookStatus {
            author: self.key.author.clone(),
            name: self.key.name.clone(),
            point: self.key.point,
            calls: tally.calls,
            failures: tally.failures,
            skipped: tally.skipped,
            last_error: tally.last_error.clone(),
            open_for: self.breaker.open_for(Instant::now()),
            queued,
            dropped,
        })
    }
}
