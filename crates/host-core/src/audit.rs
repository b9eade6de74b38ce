//! Where the record of every decision goes.

use portcullis_host_policy::audit::AuditRecord;

/// Takes the records of decisions. Called while a call runs: it must not block, and must not fail.
pub trait AuditSink: Send + Sync {
    /// Takes one record.
    fn record(&self, record: AuditRecord);
}

/// Keeps nothing.
pub(crate) struct NoAudit;

impl AuditSink for NoAudit {
    fn record(&self, _: AuditRecord) {}
}
