//! What is written down of every load: which bytes ran under whose word, for a bill of materials and for who looks into an
//! incident.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use portcullis_host_policy::audit::{AuditRecord, LoadDetails, Subject};

use super::source::Candidate;
use crate::audit::AuditSink;
use crate::error::Error;
use crate::plugin::Plugin;
use crate::{Identity, PluginId};

/// A load that goes on.
pub(super) struct Record {
    audit: Arc<dyn AuditSink>,
    plugin: PluginId,
    details: LoadDetails,
    begun: Instant,
}

impl Record {
    pub(super) fn begin(audit: &Arc<dyn AuditSink>, candidate: &Candidate) -> Self {
        let manifest = candidate.manifest.as_ref();
        Self {
            audit: Arc::clone(audit),
            plugin: candidate.id.clone(),
            details: LoadDetails {
                version: manifest.map(|manifest| manifest.plugin.version.clone()),
                digest: candidate.digest,
                key: None,
            },
            begun: Instant::now(),
        }
    }

    /// Writes down how it ended.
    pub(super) fn end(mut self, loaded: &Result<Plugin, Error>) {
        let (plugin, took) = (self.plugin.to_string(), self.begun.elapsed());
        let identity = match loaded {
            Ok(loaded) => {
                self.details.key = loaded.signer().copied();
                loaded.identity()
            }
            Err(_) => Identity::from(self.details.digest),
        };
        let version = self.details.version.as_ref().map(tracing::field::display);
        let (digest, key) = (&self.details.digest, self.details.key);
        let key = key.as_ref().map(tracing::field::display);
        match loaded {
            Ok(_) => tracing::info!(%plugin, version, %digest, key, "loaded"),
            Err(error) => tracing::info!(%plugin, version, %digest, %error, "not loaded"),
        }
        let subject = Subject {
            plugin,
            identity,
            call: None,
        };
        let refused = loaded.as_ref().err().map(reason);
        let record = AuditRecord::of_load(SystemTime::now(), &subject, self.details, refused, took);
        self.audit.record(record);
    }
}

/// Why a load failed. Settings and what a plugin says of itself are not for the trail, so only what was found of its trust is
/// told in words.
fn reason(error: &Error) -> String {
    match error {
        Error::Untrusted(distrust) => distrust.to_string(),
        other => other.kind().to_string(),
    }
}
