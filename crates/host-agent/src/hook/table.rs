//! Who is subscribed to what: settled and sorted once for each snapshot of plugins.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_contract::hook::POINTS;
use portcullis_host_policy::capability::Capability;

use super::{Author, HookHandler, Mode, Phase, Point};
use crate::escape;

/// What somebody was granted, as it stands now.
pub trait Permits: Send + Sync {
    /// Whether it may do this.
    fn permits(&self, capability: &Capability) -> bool;
}

/// One handler for one point.
#[derive(Clone)]
pub struct Subscription {
    /// Who stands behind it.
    pub author: Author,
    /// Unique among its author's for the point.
    pub name: String,
    /// One of [`POINTS`].
    pub point: &'static Point,
    /// What it may do.
    pub mode: Mode,
    /// When it runs.
    pub phase: Phase,
    /// Lower runs first within a phase.
    pub priority: i32,
    /// How long it may take; the runner's where there is none.
    pub deadline: Option<Duration>,
    /// What its author was granted. Without it a native one may do everything, and a plugin nothing.
    pub permits: Option<Arc<dyn Permits>>,
    /// What is run. A plugin's has to be ended by dropping its future.
    pub handler: Arc<dyn HookHandler>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            author,
            name,
            point,
            mode,
            phase,
            priority,
            ..
        } = self;
        write!(
            f,
            "{author}/{name:?} at {} ({mode}, {phase}, {priority})",
            point.name
        )
    }
}

/// Why somebody is not subscribed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// No such point is published.
    #[error("there is no point {0:?}: subscribe to one of portcullis_contract::hook::POINTS")]
    UnknownPoint(&'static str),
    /// Handlers of this mode make no sense there.
    #[error("{point} takes no handler in {mode} mode: {}", remedy(.mode))]
    Mode {
        /// The point.
        point: &'static str,
        /// The mode.
        mode: Mode,
    },
    /// It takes a grant.
    #[error(
        "it takes `{needs}`, which was not granted: grant it, or let the hook ask for a mode that takes less"
    )]
    NotGranted {
        /// The grant.
        needs: Capability,
    },
    /// Its author has another one of that name there.
    #[error("its author has two hooks of that name for {0}: give one another name")]
    Twice(&'static str),
}

fn remedy(mode: &Mode) -> &'static str {
    match mode {
        Mode::Observe | Mode::Modify => "nothing of its payload can be changed, so observe it",
        Mode::Gate => "what it tells of can't be stopped, so observe or modify it",
    }
}

/// A subscription that does not count. The others do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hook {} of {author} at {point} is left out: {reason}", escape::line(.name))]
pub struct RefusedSubscription {
    /// Who stands behind it.
    pub author: Author,
    /// Its name, as its author wrote it.
    pub name: String,
    /// The point.
    pub point: &'static str,
    /// Why it does not count.
    pub reason: SubscriptionError,
}

/// What a handler keeps its name by, over snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) author: Author,
    pub(super) name: String,
    pub(super) point: &'static str,
}

/// The grants of a point.
#[derive(Debug)]
struct Needs {
    see: Capability,
    content: Capability,
    modify: Capability,
    gate: Capability,
}

impl Needs {
    /// None where the point can't be granted.
    fn of(point: &Point) -> Option<Self> {
        let grant = |of: &str| format!("{of}:{}", point.name).parse().ok();
        Some(Self {
            see: grant("hook")?,
            content: grant("hook-content")?,
            modify: grant("hook-modify")?,
            gate: grant("hook-gate")?,
        })
    }
}

/// A subscription that counts.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Arc<Key>,
    pub(super) subscription: Subscription,
    needs: Needs,
}

impl Entry {
    fn new(subscription: Subscription) -> Result<(usize, Self), SubscriptionError> {
        let Subscription { point, mode, .. } = subscription;
        let unknown = || SubscriptionError::UnknownPoint(point.name);
        let index = index_of(point).ok_or_else(unknown)?;
        if !point.takes(mode) {
            return Err(SubscriptionError::Mode {
                point: point.name,
                mode,
            });
        }
        let key = Key {
            author: subscription.author.clone(),
            name: subscription.name.clone(),
            point: point.name,
        };
        let entry = Self {
            key: Arc::new(key),
            needs: Needs::of(point).ok_or_else(unknown)?,
            subscription,
        };
        match entry.missing() {
            Some(needs) => Err(SubscriptionError::NotGranted {
                needs: needs.clone(),
            }),
            None => Ok((index, entry)),
        }
    }

    /// Whether its author may do this now.
    pub(super) fn permits(&self, capability: &Capability) -> bool {
        match &self.subscription.permits {
            Some(permits) => permits.permits(capability),
            None => self.subscription.author == Author::Native,
        }
    }

    /// The grant that its mode takes and that its author doesn't have. A grant can be taken back while the table stands.
    pub(super) fn missing(&self) -> Option<&Capability> {
        let mode = match self.subscription.mode {
            Mode::Observe => &self.needs.see,
            Mode::Modify => &self.needs.modify,
            Mode::Gate => &self.needs.gate,
        };
        [&self.needs.see, mode]
            .into_iter()
            .find(|needs| !self.permits(needs))
    }

    /// Whether it sees content.
    pub(super) fn sees_content(&self) -> bool {
        self.permits(&self.needs.content)
    }

    /// The grant for content, where it doesn't have it.
    pub(super) fn content_grant(&self) -> &Capability {
        &self.needs.content
    }

    /// The grant to change a payload, which a gate needs too.
    pub(super) fn modify_grant(&self) -> &Capability {
        &self.needs.modify
    }
}

/// The place of a point among [`POINTS`].
pub(super) fn index_of(point: &'static Point) -> Option<usize> {
    POINTS.iter().position(|known| std::ptr::eq(known, point))
}

/// The place of a payload's point, found when the program is compiled.
pub(super) const fn index_named(name: &str) -> usize {
    let mut index = 0;
    while index < POINTS.len() {
        if same(POINTS[index].name, name) {
            return index;
        }
        index += 1;
    }
    panic!("a payload's point is one of portcullis_contract::hook::POINTS")
}

/// `==`, which is not for constants.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Who is subscribed to one point.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Those that modify or gate, in their order.
    pub(super) chain: Vec<Arc<Entry>>,
    pub(super) observers: Vec<Arc<Entry>>,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.chain.is_empty() && self.observers.is_empty()
    }
}

/// Everybody's subscriptions in one snapshot.
///
/// Those that modify come before those that gate, so that gates judge what they leave. Among each, the order is by phase, then
/// priority, then author – native handlers before plugins', those by id – then name. It does not depend on the order of registration.
#[derive(Debug)]
pub struct HookTable {
    /// One for each of [`POINTS`].
    lines: Box<[Line]>,
}

impl Default for HookTable {
    fn default() -> Self {
        Self {
            lines: POINTS.iter().map(|_| Line::default()).collect(),
        }
    }
}

impl HookTable {
    /// Sorts subscriptions, and refuses those that can't be: of two with the same author, name and point the one that would run first
    /// stays.
    pub fn new(mut subscriptions: Vec<Subscription>) -> (Self, Vec<RefusedSubscription>) {
        subscriptions.sort_by(|one, other| order(one).cmp(&order(other)));
        let (mut table, mut refused, mut known) = (Self::default(), Vec::new(), HashSet::new());
        for subscription in subscriptions {
            let (author, name) = (subscription.author.clone(), subscription.name.clone());
            let (point, mode) = (subscription.point.name, subscription.mode);
            let entry = Entry::new(subscription).and_then(|(index, entry)| {
                let new = known.insert(entry.key.clone());
                new.then_some((index, entry))
                    .ok_or(SubscriptionError::Twice(point))
            });
            match entry {
                Ok((index, entry)) => {
                    let line = &mut table.lines[index];
                    match mode {
                        Mode::Observe => line.observers.push(Arc::new(entry)),
                        Mode::Modify | Mode::Gate => line.chain.push(Arc::new(entry)),
                    }
                }
                Err(reason) => refused.push(RefusedSubscription {
                    author,
                    name,
                    point,
                    reason,
                }),
            }
        }
        (table, refused)
    }

    /// Whether anybody is subscribed to this point.
    pub fn has(&self, point: &'static Point) -> bool {
        index_of(point).is_some_and(|index| !self.line(index).is_empty())
    }

    /// Whether anybody is subscribed to this point who can change something, or stop it.
    pub fn decides(&self, point: &'static Point) -> bool {
        index_of(point).is_some_and(|index| !self.line(index).chain.is_empty())
    }

    pub(super) fn line(&self, index: usize) -> &Line {
        &self.lines[index]
    }

    /// Everybody who is subscribed.
    pub(super) fn keys(&self) -> HashSet<&Key> {
        let entries = self
            .lines
            .iter()
            .flat_map(|line| line.chain.iter().chain(&line.observers));
        entries.map(|entry| &*entry.key).collect()
    }
}

fn order(subscription: &Subscription) -> (Mode, Phase, i32, &Author, &str) {
    let Subscription {
        mode,
        phase,
        priority,
        author,
        name,
        ..
    } = subscription;
    (*mode, *phase, *priority, author, name)
}
