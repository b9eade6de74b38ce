//! One event's way through the handlers of its point.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::Value;

use super::check::{Fits, Judged, Step, judge, refuse};
use super::failure::HookFailure;
use super::runner::Inner;
use super::table::{Entry, Line};
use super::{Author, HookEvent, Mode, Point, shown};
use crate::action::{Intent, Refusal, RefusedAction};

/// What came of an event. Where nobody was asked, nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed<P> {
    /// The payload, where it was changed.
    pub changed: Option<P>,
    /// Who stopped it, and then there is no changed payload.
    pub cancelled: Option<Cancelled>,
    /// What handlers want done, in the order in which they were asked, each granted: see [`crate::action::apply_all`].
    pub intents: Vec<Intent>,
    /// What handlers wanted done and won't be.
    pub refused: Vec<RefusedAction>,
}

/// What came of an event whose type is not known.
pub type Raised = Passed<Value>;

impl<P> Default for Passed<P> {
    fn default() -> Self {
        Self {
            changed: None,
            cancelled: None,
            intents: Vec::new(),
            refused: Vec::new(),
        }
    }
}

impl<P> Passed<P> {
    pub(super) fn and_then<Q>(self, read: impl FnOnce(P) -> Option<Q>) -> Passed<Q> {
        Passed {
            changed: self.changed.and_then(read),
            cancelled: self.cancelled,
            intents: self.intents,
            refused: self.refused,
        }
    }
}

/// Why something does not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{hook} of {by}: {reason}")]
pub struct Cancelled {
    /// Who stopped it.
    pub by: Author,
    /// The gate's name, safe to show.
    pub hook: String,
    /// Why, safe to show to people and models, and short.
    pub reason: String,
}

/// The payload on its way.
struct Payload {
    point: &'static Point,
    whole: Arc<Value>,
    /// The same without content, once somebody needs it.
    metadata: OnceCell<Arc<Value>>,
}

impl Payload {
    fn new(point: &'static Point, whole: Value) -> Self {
        Self {
            point,
            whole: Arc::new(whole),
            metadata: OnceCell::new(),
        }
    }

    /// As a handler may see it.
    fn seen(&self, with_content: bool) -> Arc<Value> {
        if with_content || self.point.content.is_empty() {
            return self.whole.clone();
        }
        let without = || {
            let fields = self.whole.as_object().into_iter().flatten();
            let metadata =
                fields.filter(|(field, _)| !self.point.content.contains(&field.as_str()));
            let metadata = metadata.map(|(field, value)| (field.clone(), value.clone()));
            Arc::new(Value::Object(metadata.collect()))
        };
        self.metadata.get_or_init(without).clone()
    }
}

/// An event on its way.
pub(super) struct Pass<'a> {
    runner: &'a Inner,
    id: Arc<str>,
    payload: Payload,
    fits: Fits,
    changed: bool,
    /// Intents, each with the handler that asked.
    intents: Vec<(Arc<Entry>, Intent)>,
    refused: Vec<RefusedAction>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        runner: &'a Inner,
        point: &'static Point,
        payload: Value,
        fits: Fits,
    ) -> Self {
        Self {
            runner,
            id: runner.next_id(),
            payload: Payload::new(point, payload),
            fits,
            changed: false,
            intents: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Goes all the way. Nothing is told to observers, and nothing comes out, before all are through: dropping the future leaves
    /// nothing half done.
    pub(super) async fn through(mut self, line: &Line) -> Raised {
        for entry in &line.chain {
            if let Some(cancelled) = self.step(entry).await {
                return self.cancelled(entry, cancelled);
            }
        }
        for entry in line.observers.iter().filter(|entry| may_run(entry)) {
            let state = self.runner.state(&entry.key);
            let (event, entry) = (self.event(entry.sees_content()), entry.clone());
            self.runner.observers.tell(state, entry, event);
        }
        Passed {
            // No observer may hold up the caller by still having it.
            changed: self
                .changed
                .then(|| Arc::unwrap_or_clone(self.payload.whole)),
            cancelled: None,
            intents: self.intents.into_iter().map(|(_, intent)| intent).collect(),
            refused: self.refused,
        }
    }

    /// Asks one handler. Some where it stops everything.
    async fn step(&mut self, entry: &Arc<Entry>) -> Option<Cancelled> {
        if let Some(needs) = entry.missing() {
            return failed_closed(entry, &HookFailure::Ungranted(Box::new(needs.clone())));
        }
        let with_content = entry.sees_content();
        let (event, whole, fits) = (self.event(with_content), &*self.payload.whole, self.fits);
        let state = self.runner.state(&entry.key);
        let judge = |outcome| judge(entry, whole, with_content, outcome, fits);
        let judged = state
            .ask(entry, event, self.runner.options.deadline, judge)
            .await;
        match judged {
            Ok(judged) => self.take(entry, judged),
            Err(failure) => failed_closed(entry, &failure),
        }
    }

    fn take(&mut self, entry: &Arc<Entry>, judged: Judged) -> Option<Cancelled> {
        let intents = judged.intents.into_iter();
        self.intents
            .extend(intents.map(|intent| (entry.clone(), intent)));
        self.refused.extend(judged.refused);
        match judged.step {
            Step::Proceed => None,
            Step::Replace(payload) => {
                self.payload = Payload::new(self.payload.point, payload);
                self.changed = true;
                None
            }
            Step::Cancel(reason) => Some(cancelled(entry, reason)),
        }
    }

    fn event(&self, with_content: bool) -> HookEvent {
        HookEvent {
            point: self.payload.point,
            id: self.id.clone(),
            payload: self.payload.seen(with_content),
        }
    }

    /// The end of an event that does not happen. What others wanted done on its occasion is refused.
    fn cancelled(mut self, by: &Arc<Entry>, cancelled: Cancelled) -> Raised {
        let mut intents = Vec::new();
        for (entry, intent) in self.intents {
            if Arc::ptr_eq(&entry, by) {
                intents.push(intent);
            } else {
                let reason = format!("its event was cancelled by {}", cancelled.by);
                let refusal = Refusal::NotAllowed(reason);
                self.refused
                    .push(refuse(&entry, Some(intent.action), refusal));
            }
        }
        Passed {
            changed: None,
            cancelled: Some(cancelled),
            intents,
            refused: self.refused,
        }
    }
}

/// Whether an observer's grants are still there. One that lost them is as one that never had them: not subscribed. So is who modifies;
/// a gate stops what it may not judge any more, until the next snapshot is without it.
fn may_run(entry: &Entry) -> bool {
    entry.missing().is_none()
}

fn cancelled(entry: &Entry, reason: String) -> Cancelled {
    Cancelled {
        by: entry.key.author.clone(),
        hook: shown(&entry.key.name),
        reason,
    }
}

/// What comes of a failure: who gates and can't judge, stops.
fn failed_closed(entry: &Entry, failure: &HookFailure) -> Option<Cancelled> {
    let reason = || {
        shown(&format!(
            "stopped because this gate gave no judgement: {}",
            failure.told()
        ))
    };
    match entry.subscription.mode {
        Mode::Gate => Some(cancelled(entry, reason())),
        Mode::Modify | Mode::Observe => None,
    }
}
