//! Where the record of every decision goes: a sink, by default files of JSON lines; and how they are read.

mod append;
mod json_lines;
mod queue;
mod read;
mod tail;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use portcullis_host_policy::audit::{AuditRecord, DroppedRecords, Verdict};
use serde::{Deserialize, Serialize};

pub use json_lines::JsonLines;
pub use read::{AuditFilter, AuditReader};
pub use tail::AuditTail;

use crate::error::Error;

/// Takes the records of decisions. Called while a call runs: it must not block, and must not fail.
pub trait AuditSink: Send + Sync {
    /// Takes one record.
    fn record(&self, record: AuditRecord);

    /// How many records it lost so far.
    fn dropped(&self) -> u64 {
        0
    }

    /// Returns once all that was taken so far is where it should be, or can't get there. May block.
    fn flush(&self) {}
}

/// Keeps nothing.
pub(crate) struct NoAudit;

impl AuditSink for NoAudit {
    fn record(&self, _: AuditRecord) {}
}

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AuditLine {
    /// Records are missing here.
    Dropped(DroppedRecords),
    /// One decision, or several equal denials.
    Record(Box<AuditRecord>),
}

impl AuditLine {
    /// When it was written down.
    pub fn time(&self) -> std::time::SystemTime {
        match self {
            Self::Dropped(dropped) => dropped.time,
            Self::Record(record) => record.time,
        }
    }
}

/// The files of a trail, without their endings: denials have their own, so that no flood of them makes an allowance rotate away.
const TRAILS: [(Verdict, &str); 2] = [(Verdict::Allow, "allow"), (Verdict::Deny, "deny")];

/// Held while files are renamed, and shared while they are opened for reading.
const LOCK: &str = "rotate.lock";

/// What a host is told to do with its records.
pub(crate) enum Audit {
    Default,
    At(PathBuf),
    To(Arc<dyn AuditSink>),
    None,
}

impl Audit {
    /// The sink. The default folder is not touched before the first record: most hosts that live for one command never
    /// write one. A folder that was named must be usable, since somebody counts on it.
    pub(crate) fn open(self) -> Result<Arc<dyn AuditSink>, Error> {
        Ok(match self {
            Audit::Default => match JsonLines::default_folder() {
                Some(folder) => Arc::new(JsonLines::new(folder)),
                None => {
                    tracing::warn!(
                        "no audit trail: neither XDG_STATE_HOME nor a home folder is known"
                    );
                    Arc::new(NoAudit)
                }
            },
            Audit::At(folder) => Arc::new(JsonLines::open(folder.clone()).map_err(|error| {
                Error::host(format!("no audit trail in {}: {error}", folder.display()))
            })?),
            Audit::To(sink) => sink,
            Audit::None => Arc::new(NoAudit),
        })
    }
}
