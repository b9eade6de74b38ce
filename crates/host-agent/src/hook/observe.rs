//! Observers: told off the caller's path, one event after another each, all of them side by side.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::check::judge;
use super::state::HandlerState;
use super::table::Entry;
use super::{HookEvent, HookOptions};
use crate::action::{Intent, Refusal, log_refusal};
use crate::escape;

/// Most intents of observers that wait to be taken. An agent takes them once a turn; beyond this, the oldest belong to sessions that
/// are no more.
const MOST_INTENTS: usize = 1024;

/// An event that an observer is yet to be told.
struct Job {
    entry: Arc<Entry>,
    event: HookEvent,
    _counted: Counted,
}

/// Counts one job, until it is done or dropped.
struct Counted(Arc<watch::Sender<usize>>);

impl Counted {
    fn new(pending: &Arc<watch::Sender<usize>>) -> Self {
        pending.send_modify(|jobs| *jobs += 1);
        Self(pending.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|jobs| *jobs -= 1);
    }
}

/// What one observer is yet to be told.
#[derive(Default)]
pub(super) struct Queue {
    jobs: VecDeque<Job>,
    /// Whether a task works on them.
    working: bool,
    dropped: u64,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queued, dropped) = self.counts();
        write!(f, "Queue {{ {queued} queued, {dropped} dropped }}")
    }
}

impl Queue {
    /// How many events wait, and how many were dropped.
    pub(super) fn counts(&self) -> (usize, u64) {
        (self.jobs.len(), self.dropped)
    }
}

/// What all observers of a runner share.
struct Shared {
    deadline: Duration,
    queue: usize,
    pending: Arc<watch::Sender<usize>>,
    /// By session, as events tell it.
    intents: Mutex<VecDeque<(Option<String>, Intent)>>,
}

impl Shared {
    /// Keeps an intent until somebody takes it. The oldest goes where there is no room.
    fn keep(&self, session: Option<&str>, intent: Intent) {
        let mut waiting = self.intents.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((session.map(str::to_owned), intent));
        let oldest = (waiting.len() > MOST_INTENTS).then(|| waiting.pop_front());
        drop(waiting);
        if let Some((_, intent)) = oldest.flatten() {
            let reason = "the agent did not take it while there was room";
            let refusal = Refusal::Unsupported(reason.to_owned());
            log_refusal(&intent.author, Some(intent.action.kind()), &refusal);
        }
    }
}

/// The tasks that tell observers. They end with it.
pub(super) struct Observers {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

impl Observers {
    pub(super) fn new(options: &HookOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                deadline: options.deadline,
                queue: options.observer_queue.max(1),
                pending: Arc::new(watch::Sender::new(0)),
                intents: Mutex::default(),
            }),
            tasks: Mutex::default(),
        }
    }

    /// Tells an observer, soon. An event for which there is no room is dropped, and counted.
    pub(super) fn tell(&self, state: Arc<HandlerState>, entry: Arc<Entry>, event: HookEvent) {
        let mut queue = state.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.jobs.len() >= self.shared.queue {
            queue.dropped += 1;
            // Told less and less often, so that a flood of events is not followed by one of lines.
            if queue.dropped.is_power_of_two() {
                tracing::warn!(
                    plugin = %state.key.author, hook = escape::line(&state.key.name), point = state.key.point,
                    dropped = queue.dropped, "observer is too slow: events are dropped"
                );
            }
            return;
        }
        queue.jobs.push_back(Job {
            entry,
            event,
            _counted: Counted::new(&self.shared.pending),
        });
        if !std::mem::replace(&mut queue.working, true) {
            drop(queue);
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(work(
                Worker {
                    state,
                    ended: false,
                },
                self.shared.clone(),
            ));
        }
    }

    /// Waits until no observer is yet to be told anything.
    pub(super) async fn drain(&self) {
        let mut pending = self.shared.pending.subscribe();
        // It fails where the sender is gone, and `self` has one.
        let _ = pending.wait_for(|jobs| *jobs == 0).await;
    }

    /// Takes what observers asked for at events of this session.
    pub(super) fn take_intents(&self, session: Option<&str>) -> Vec<Intent> {
        let mut waiting = self
            .shared
            .intents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (taken, left) = std::mem::take(&mut *waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|(of, _)| of.as_deref() == session);
        *waiting = left.into();
        taken.into_iter().map(|(_, intent)| intent).collect()
    }
}

/// A task's hold on an observer's queue.
struct Worker {
    state: Arc<HandlerState>,
    ended: bool,
}

impl Worker {
    /// The next event, or the end of the task: who comes after that begins another.
    fn next(&mut self) -> Option<Job> {
        let mut queue = self
            .state
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let job = queue.jobs.pop_front();
        if job.is_none() {
            queue.working = false;
            self.ended = true;
        }
        job
    }
}

impl Drop for Worker {
    /// Where the task is ended early, with the runner or its runtime, nobody sees the rest.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut queue = self
            .state
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let rest = std::mem::take(&mut queue.jobs);
        queue.dropped += rest.len() as u64;
        queue.working = false;
        drop(queue);
    }
}

async fn work(mut worker: Worker, shared: Arc<Shared>) {
    while let Some(job) = worker.next() {
        let (entry, payload) = (&*job.entry, job.event.payload.clone());
        let session = payload.get("session").and_then(|session| session.as_str());
        // It sees what it sees: an observer's new payload is refused before anybody asks what was in the old one.
        let judge = |outcome| judge(entry, &payload, true, outcome, |_| Ok(()));
        let told = worker
            .state
            .ask(entry, job.event, shared.deadline, judge)
            .await;
        // A failure was counted and told where it was found.
        for intent in told.into_iter().flat_map(|judged| judged.intents) {
            shared.keep(session, intent);
        }
    }
}
