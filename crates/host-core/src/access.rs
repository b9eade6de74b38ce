//! The one place where a plugin's requests are decided on: every import asks here, and nothing else knows the grants.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use portcullis_host_policy::Identity;
use portcullis_host_policy::audit::{AuditRecord, Subject};
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, Denial, DenyCode, Grants, decide};
use portcullis_host_policy::request::Request;
use tokio_util::sync::CancellationToken;

use crate::audit::{AuditSink, NoAudit};
use crate::secret::Vault;
use crate::telemetry::TraceContext;
use crate::{Error, PluginId, ToolError};

/// Most denials that are kept of one call; the audit trail has them all.
const KEPT_DENIALS: usize = 100;

/// What one plugin may reach: settled when it is loaded, shared by all its instances.
pub(crate) struct Access {
    pub(crate) plugin: PluginId,
    pub(crate) identity: Identity,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) vault: Vault,
    grants: RwLock<Arc<Grants>>,
    revoked: CancellationToken,
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
            vault: Vault::empty(),
            grants: RwLock::new(Arc::new(grants)),
            revoked: CancellationToken::new(),
        }
    }

    /// The same with secrets, whose values no record holds.
    pub(crate) fn with_vault(mut self, vault: Vault) -> Self {
        self.audit = vault.audit(self.audit);
        self.vault = vault;
        self
    }

    /// What is granted now.
    pub(crate) fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.grants.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Cancelled when the grants are taken back.
    pub(crate) fn revoked(&self) -> CancellationToken {
        self.revoked.clone()
    }

    /// Takes everything back, and ends what goes on by it.
    pub(crate) fn revoke(&self) {
        *self.grants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Grants::none());
        self.revoked.cancel();
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
    /// The trace that its requests belong to, where no span says more.
    pub(crate) trace: Option<TraceContext>,
    /// What the plugin's grants come to with those of this call alone, if it has any.
    more: Option<Arc<Grants>>,
    on_decision: Option<OnDecision>,
    denials: Mutex<Vec<Denial>>,
    caught: AtomicBool,
}

/// Called with everything that is decided for one call, and the request where it could be read and repeats no secret.
pub type OnDecision = Arc<dyn Fn(Option<&Request>, &Decision) + Send + Sync>;

impl Caller {
    pub(crate) fn new(access: Arc<Access>, call: Arc<str>) -> Arc<Self> {
        Self::watched(access, call, &[], None, None)
    }

    /// The same with more granted, or where somebody wants to know what is decided, or which trace it belongs to.
    pub(crate) fn watched(
        access: Arc<Access>,
        call: Arc<str>,
        granted: &[Capability],
        on_decision: Option<OnDecision>,
        trace: Option<TraceContext>,
    ) -> Arc<Self> {
        let more = (!granted.is_empty()).then(|| Arc::new(access.grants().and(granted)));
        Arc::new(Self {
            access,
            call,
            trace,
            more,
            on_decision,
            denials: Mutex::default(),
            caught: AtomicBool::new(false),
        })
    }

    /// What is granted to this call now. Once the plugin's grants are taken back, so are the call's own.
    pub(crate) fn grants(&self) -> Arc<Grants> {
        match &self.more {
            Some(more) if !self.access.revoked.is_cancelled() => Arc::clone(more),
            _ => self.access.grants(),
        }
    }

    /// Decides, and records it.
    ///
    /// # Errors
    /// The denial: its code for the guest, the rest for the operator alone.
    pub(crate) fn decide(&self, request: &Request) -> Result<Capability, Box<Denial>> {
        let begun = Instant::now();
        let rule = self.check(request)?;
        let decision = Decision::Allow(rule.clone());
        let record = self.record(request, &decision, begun.elapsed());
        self.access.audit.record(record);
        Ok(rule)
    }

    /// Decides, and records a denial; the record of what is allowed is made once it is known how that ended.
    ///
    /// # Errors
    /// As [`Caller::decide`].
    pub(crate) fn check(&self, request: &Request) -> Result<Capability, Box<Denial>> {
        let decision = decide(&self.grants(), request);
        if let Decision::Allow(_) = &decision {
            self.tell(Some(request), &decision);
        }
        decision
            .into_result()
            .map_err(|denial| self.refuse(request, *denial))
    }

    /// Records the refusal of something that can't be read, and so can't be shown.
    pub(crate) fn refuse_unreadable(&self, about: &str, denial: Denial) -> DenyCode {
        let record = AuditRecord::unreadable(SystemTime::now(), &self.subject(), about, &denial);
        self.access.audit.record(record);
        self.note(&denial);
        let code = denial.code;
        self.tell(None, &Decision::Deny(Box::new(denial)));
        code
    }

    /// Records a refusal that was decided on elsewhere: a limit, an address, a leak.
    pub(crate) fn refuse(&self, request: &Request, denial: Denial) -> Box<Denial> {
        let denial = Box::new(denial);
        let decision = Decision::Deny(denial.clone());
        let record = self.record(request, &decision, Duration::ZERO);
        self.access.audit.record(record);
        self.tell(Some(request), &decision);
        self.note(&denial);
        if denial.code == DenyCode::SecretLeak {
            self.caught.store(true, Ordering::Relaxed);
        }
        denial
    }

    /// Whether the call was caught carrying a secret away: it ends, instead of trying another way.
    pub(crate) fn is_caught(&self) -> bool {
        self.caught.load(Ordering::Relaxed)
    }

    /// The end of a call that was caught, or that gave up for what was denied.
    pub(crate) fn denied(&self, error: ToolError) -> Error {
        Error::Denied {
            error,
            denials: self.denials(),
        }
    }

    /// The record of a decision, to be completed and handed to the sink.
    pub(crate) fn record(
        &self,
        request: &Request,
        decision: &Decision,
        duration: Duration,
    ) -> AuditRecord {
        let (time, subject) = (SystemTime::now(), self.subject());
        AuditRecord::new(time, &subject, request, decision, duration)
    }

    fn subject(&self) -> Subject {
        Subject {
            plugin: self.access.plugin.to_string(),
            identity: self.access.identity,
            call: Some(self.call.to_string()),
        }
    }

    /// Tells who made the call, as far as it wants to know. No value of a secret is told, as in every record.
    fn tell(&self, request: Option<&Request>, decision: &Decision) {
        let Some(on_decision) = &self.on_decision else {
            return;
        };
        let vault = &self.access.vault;
        let request = request.filter(|request| !vault.repeats(request));
        match decision {
            Decision::Deny(denial) => {
                on_decision(request, &Decision::Deny(Box::new(vault.denial(denial))));
            }
            Decision::Allow(_) => on_decision(request, decision),
        }
    }

    /// Records a decision that took addresses into account.
    pub(crate) fn conclude(
        &self,
        request: &Request,
        decision: &Decision,
        addresses: Vec<IpAddr>,
        duration: Duration,
    ) {
        let mut record = self.record(request, decision, duration);
        record.addresses = addresses;
        self.access.audit.record(record);
        self.tell(Some(request), decision);
        if let Decision::Deny(denial) = decision {
            self.note(denial);
        }
    }

    /// Keeps a denial for who made the call.
    pub(crate) fn note(&self, denial: &Denial) {
        let denial = self.access.vault.denial(denial);
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() < KEPT_DENIALS && !denials.contains(&denial) {
            denials.push(denial);
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
