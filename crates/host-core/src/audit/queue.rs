//! What waits to be written: bounded, allowances and denials apart, equal denials counted instead of repeated.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use portcullis_host_policy::audit::{AuditRecord, Verdict};

/// Allowances that wait. A record is some 500 bytes; a disk that stalls for a second while a plugin makes thousands of
/// requests costs none of them.
pub(super) const ALLOWANCES: usize = 4_096;

/// Denials that wait. They have room of their own, half as much, so that they never take an allowance's.
pub(super) const DENIALS: usize = ALLOWANCES / 2;

/// Denials whose repetitions are counted at one time. A plugin that insists asks for one thing, or goes round a few.
const FOLDED: usize = 64;

/// For how long repetitions are counted before the count is written.
const FOLD_TIME: Duration = Duration::from_secs(1);

/// Records on their way from calls to the writer.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Batch,
    recent: VecDeque<Recent>,
}

/// What the writer takes at once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) allowances: Vec<AuditRecord>,
    pub(super) denials: Vec<AuditRecord>,
    pub(super) dropped_allowances: u64,
    pub(super) dropped_denials: u64,
}

/// A denial that was written a moment ago, and all those since that equal it as one record.
struct Recent {
    denial: AuditRecord,
    at: Instant,
    again: Option<AuditRecord>,
}

impl Queue {
    /// Takes a record in, counts it, or drops it. Gives how many were dropped.
    pub(super) fn push(&mut self, record: AuditRecord, now: Instant) -> u64 {
        if record.decision == Verdict::Allow {
            return self.waiting.push(record);
        }
        if let Some(recent) = self
            .recent
            .iter_mut()
            .find(|recent| recent.denial.folds(&record))
        {
            match &mut recent.again {
                Some(again) => {
                    again.count += record.count;
                    again.time = record.time;
                }
                None => recent.again = Some(record),
            }
            return 0;
        }
        let settled = if self.recent.len() < FOLDED {
            0
        } else {
            self.settle()
        };
        self.recent.push_back(Recent {
            denial: record.clone(),
            at: now,
            again: None,
        });
        settled + self.waiting.push(record)
    }

    /// Takes out what is to be written: with `all`, counts whose time is not over too. Gives how many were dropped on the way.
    pub(super) fn take(&mut self, now: Instant, all: bool) -> (Batch, u64) {
        let mut dropped = 0;
        while self.due().is_some_and(|due| all || due <= now) {
            dropped += self.settle();
        }
        (std::mem::take(&mut self.waiting), dropped)
    }

    /// Whether a record waits.
    pub(super) fn has_waiting(&self) -> bool {
        !(self.waiting.allowances.is_empty() && self.waiting.denials.is_empty())
    }

    /// When the oldest count is to be written.
    pub(super) fn due(&self) -> Option<Instant> {
        self.recent.front().map(|recent| recent.at + FOLD_TIME)
    }

    /// Ends the oldest count.
    fn settle(&mut self) -> u64 {
        let again = self.recent.pop_front().and_then(|recent| recent.again);
        again.map_or(0, |record| self.waiting.push(record))
    }
}

impl Batch {
    fn push(&mut self, record: AuditRecord) -> u64 {
        let (records, room, dropped) = match record.decision {
            Verdict::Allow => (
                &mut self.allowances,
                ALLOWANCES,
                &mut self.dropped_allowances,
            ),
            Verdict::Deny => (&mut self.denials, DENIALS, &mut self.dropped_denials),
        };
        if records.len() < room {
            records.push(record);
            return 0;
        }
        *dropped += record.count;
        record.count
    }
}
