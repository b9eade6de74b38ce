//! From an agent's events to those of hooks: a queue, and one task that works it off.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::FutureExt as _;
use portcullis_contract::hook::{Payload, Point};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::cut::fit;
use super::{AgentEvent, Observer, Redactor};

/// How many events wait at most: the tool calls and messages of a busy minute. At [`EVENT_BYTES`](super::cut::EVENT_BYTES) each
/// that is 64 MiB at the very worst.
const QUEUE: usize = 256;

tokio::task_local! {
    /// Set while the bridge raises an event: what this task does then is the doing of hooks.
    static RAISING: ();
}

/// Runs hooks.
#[async_trait]
pub trait Raise: Send + Sync {
    /// Tells the observers of a point. It ends in bounded time: nothing else is raised before.
    async fn raise(&self, point: &'static Point, payload: Value);

    /// Whether anybody observes a point. What nobody wants is not even made.
    fn is_observed(&self, point: &'static Point) -> bool {
        let _ = point;
        true
    }
}

/// What became of the events that a bridge would have raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BridgeStats {
    /// Raised.
    pub raised: u64,
    /// Dropped, since the queue was full, or the task had ended.
    pub dropped: u64,
    /// Left out, since a hook's own doing caused them.
    pub reentrant: u64,
    /// Raised, and met with a panic.
    pub failed: u64,
}

/// An observer that raises the events of hooks at which nothing is decided.
///
/// It takes events without waiting, and one task raises them in their order; when too many wait, the next are dropped and
/// counted. Secrets are taken out, and long texts and lists are cut, before an event is queued. What a hook does while an event
/// is raised raises no further ones. Dropping the bridge ends its task, and with it what still waits: [`Bridge::flush`] first.
pub struct Bridge {
    queue: mpsc::Sender<Job>,
    raise: Arc<dyn Raise>,
    redactor: Redactor,
    counts: Arc<Counts>,
    worker: AbortHandle,
}

enum Job {
    Raise(&'static Point, Value),
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct Counts {
    raised: AtomicU64,
    dropped: AtomicU64,
    reentrant: AtomicU64,
    failed: AtomicU64,
}

impl Bridge {
    /// A bridge to `raise`, over which no secret goes that `redactor` knows.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(raise: Arc<dyn Raise>, redactor: Redactor) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let counts = Arc::<Counts>::default();
        let worker = tokio::spawn(work(jobs, Arc::clone(&raise), Arc::clone(&counts)));
        Self {
            queue,
            raise,
            redactor,
            counts,
            worker: worker.abort_handle(),
        }
    }

    /// Waits until all events that it took so far are raised. Called by a hook, it doesn't: it would wait for itself.
    pub async fn flush(&self) {
        if is_raising() {
            return;
        }
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Job::Flush(done)).await.is_ok() {
            // Where the task ends before, nothing is left that could be waited for.
            let _ = flushed.await;
        }
    }

    /// What became of events so far.
    pub fn stats(&self) -> BridgeStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        BridgeStats {
            raised: read(&self.counts.raised),
            dropped: read(&self.counts.dropped),
            reentrant: read(&self.counts.reentrant),
            failed: read(&self.counts.failed),
        }
    }

    fn dropped(&self, point: &Point) {
        let before = self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        // The first, and then ever more rarely: a flood of events is no reason for a flood of lines.
        if (before + 1).is_power_of_two() {
            let dropped = before + 1;
            tracing::warn!(
                point = point.name,
                dropped,
                "hooks don't keep up with the agent's events; the newest are dropped"
            );
        }
    }
}

impl Observer for Bridge {
    fn on_event(&self, event: &AgentEvent) {
        let Some(raised) = raised(event) else {
            return;
        };
        let Some(point) = Point::named(raised.point()) else {
            return;
        };
        if is_raising() {
            self.counts.reentrant.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if !self.raise.is_observed(point) {
            return;
        }
        // Before the work that a payload makes, and not after: a queue that is full stays so for a while.
        let Ok(place) = self.queue.try_reserve() else {
            return self.dropped(point);
        };
        match raised.to_value() {
            Ok(mut payload) => {
                fit(&mut payload, &self.redactor);
                place.send(Job::Raise(point, payload));
            }
            Err(_) => self.dropped(point),
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn is_raising() -> bool {
    RAISING.try_with(|()| ()).is_ok()
}

async fn work(mut jobs: mpsc::Receiver<Job>, raise: Arc<dyn Raise>, counts: Arc<Counts>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Raise(point, payload) => {
                let raising = async { raise.raise(point, payload).await };
                let raising = RAISING.scope((), AssertUnwindSafe(raising).catch_unwind());
                counts.raised.fetch_add(1, Ordering::Relaxed);
                if raising.await.is_err() {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(point = point.name, "raising an event panicked");
                }
            }
            // Who waits may have stopped.
            Job::Flush(done) => drop(done.send(())),
        }
    }
}

/// A payload of any point.
pub(super) trait AnyPayload {
    fn point(&self) -> &'static str;
    fn to_value(&self) -> serde_json::Result<Value>;
}

impl<P: Payload> AnyPayload for P {
    fn point(&self) -> &'static str {
        P::POINT
    }

    fn to_value(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

/// The hook's event that an agent's event becomes. Without a wildcard, so that an event that is new has to be thought about.
pub(super) fn raised(event: &AgentEvent) -> Option<&dyn AnyPayload> {
    match event {
        AgentEvent::GatewayStop(payload) => Some(payload),
        AgentEvent::SessionEnd(payload) => Some(payload),
        AgentEvent::LlmRequest(payload) => Some(payload),
        AgentEvent::ToolEnd(payload) => Some(payload),
        AgentEvent::Compacted(payload) => Some(payload),
        AgentEvent::MessageOut(payload) => Some(payload),
        AgentEvent::Heartbeat(payload) => Some(payload),
        // message-received, before-agent-start, llm-output and before-tool-call have gates: the agent raises them itself, where
        // it can still do what they say.
        AgentEvent::MessageIn(_)
        | AgentEvent::AgentStart(_)
        | AgentEvent::LlmResponse(_)
        | AgentEvent::ToolStart(_) => None,
        // No point: should-stop-after-turn and message-sent tell of an end, and of failures each call site by its result.
        AgentEvent::AgentEnd(_) | AgentEvent::Error(_) => None,
    }
}
