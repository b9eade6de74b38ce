//! What a component's file says, kept without its bytes.

use std::sync::Arc;

use portcullis_host_policy::manifest::Manifest;
use portcullis_host_policy::trust::{KeyId, Signatures, Statement};
use portcullis_host_policy::{Digest, PluginId};
use semver::Version;

use crate::error::Error;
use crate::load::{Candidate, Trust};

/// Enough to choose among plugins, to tell whether one changed, and to judge it again once other keys are trusted.
#[derive(Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) id: PluginId,
    pub(super) digest: Digest,
    pub(super) manifest: Option<Arc<Manifest>>,
    embedded: bool,
    /// None where the file of signatures can't be used.
    signatures: Option<Signatures>,
}

impl Facts {
    pub(super) fn of(candidate: &Candidate) -> Self {
        Self {
            id: candidate.id.clone(),
            digest: candidate.digest,
            manifest: candidate.manifest.clone().map(Arc::new),
            embedded: candidate.embedded,
            signatures: candidate.signatures.as_ref().ok().cloned(),
        }
    }

    pub(super) fn version(&self) -> Option<&Version> {
        self.manifest
            .as_ref()
            .map(|manifest| &manifest.plugin.version)
    }

    /// Whether `key` is still what vouches for it.
    pub(super) fn is_signed_by(&self, key: Option<&KeyId>, trust: &Trust) -> bool {
        self.signer(trust)
            .is_ok_and(|signer| signer.as_ref() == key)
    }

    fn signer(&self, trust: &Trust) -> Result<Option<KeyId>, Error> {
        let statement = self.version().map(|version| Statement {
            id: self.id.clone(),
            version: version.clone(),
            digest: self.digest,
        });
        let none = Signatures::default();
        let signatures = self.signatures.as_ref().unwrap_or(&none);
        let judged = portcullis_host_policy::trust::Candidate {
            statement: statement.as_ref(),
            signatures,
            embedded: self.embedded,
            known: trust.approved(&self.id, &self.digest),
        };
        trust.signer(&self.id, &judged)
    }
}
