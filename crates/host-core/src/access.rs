//! The one place where a plugin's requests are decided on: every import asks here, and nothing else knows the grants.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use portcullis_host_policy::Identity;
use portcullis_host_policy::audit::{AuditRecord, Subject};
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, Denial, Grants, decide};
use portcullis_host_policy::request::Request;

use crate::PluginId;
use crate::audit::{AuditSink, NoAudit};

/// Most denials that are kept of one call; the audit trail has them all.
const KEPT_DENIALS: usize = 100;

/// What one plugin may reach: settled when it is loaded, shared by all its instances.
pub(crate) struct Access {
    pub(crate) plugin: PluginId,
    pub(crate) identity: Identity,
    pub(crate) audit: Arc<dyn AuditSink>,
    grants: RwLock<Arc<Grants>>,
}

impl Access {
    pub(crate) fn new(
        plugin: PluginId,
        identity: Identity,
        grants: Grants,
        audit: Arc<dyn AuditSink>,
    ) -> Self {
        Self {
            plugin,
            identity,
            audit,
            grants: RwLock::new(Arc::new(grants)),
        }
    }

    /// What is granted now.
    pub(crate) fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.grants.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes everything back.
    pub(crate) fn revoke(&self) {
        *self.grants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Grants::none());
    }

    /// The same plugin with nothing granted, and no record of what it asks for: for the probe.
    pub(crate) fn without_grants(&self) -> Self {
        Self::new(
            self.plugin.clone(),
            self.identity,
            Grants::none(),
            Arc::new(NoAudit),
        )
    }
}

/// One call of a plugin, as the gate sees it. Shared with whatever goes on outside the store for that call.
pub(crate) struct Caller {
    pub(crate) access: Arc<Access>,
    pub(crate) call: Arc<str>,
    denials: Mutex<Vec<Denial>>,
}

impl Caller {
    pub(crate) fn new(access: Arc<Access>, call: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            access,
            call,
            denials: Mutex::default(),
        })
    }

    /// Decides, and records it.
    ///
    /// # Errors
    /// The denial: its code for the guest, the rest for the operator alone.
    pub(crate) fn decide(&self, request: &Request) -> Result<Capability, Box<Denial>> {
        let begun = Instant::now();
        let decision = decide(&self.access.grants(), request);
        let record = self.record(request, &decision, begun.elapsed());
        self.access.audit.record(record);
        decision
            .into_result()
            .inspect_err(|denial| self.note(denial))
    }

    /// Records a refusal that was decided on elsewhere: a limit, an address, a leak.
    pub(crate) fn refuse(&self, request: &Request, denial: Denial) -> Box<Denial> {
        let denial = Box::new(denial);
        let decision = Decision::Deny(denial.clone());
        let record = self.record(request, &decision, Duration::ZERO);
        self.access.audit.record(record);
        self.note(&denial);
        denial
    }

    /// The record of a decision, to be completed and handed to the sink.
    pub(crate) fn record(
        &self,
        request: &Request,
        decision: &Decision,
        duration: Duration,
    ) -> AuditRecord {
        let subject = Subject {
            plugin: self.access.plugin.to_string(),
            identity: self.access.identity,
            call: Some(self.call.to_string()),
        };
        AuditRecord::new(SystemTime::now(), &subject, request, decision, duration)
    }

    /// Keeps a denial for who made the call.
    pub(crate) fn note(&self, denial: &Denial) {
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() < KEPT_DENIALS && !denials.contains(denial) {
            denials.push(denial.clone());
        }
    }

    /// What was denied to this call so far, each once.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.denials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
