//! Whether a candidate may be compiled at all, and who it then is.

use std::sync::Arc;
use std::time::SystemTime;

use portcullis_host_policy::Identity;
use portcullis_host_policy::trust::{
    self, KeyId, Lock, Signatures, Standing, TrustMode, TrustedKeys, judge,
};

use super::source::Candidate;
use crate::error::Error;
use crate::{Digest, PluginId};

/// By what a host trusts what it loads.
#[derive(Clone, Debug)]
pub struct Trust {
    /// What signatures are worth.
    pub mode: TrustMode,
    /// Whose signatures count.
    pub keys: Arc<TrustedKeys>,
    /// What was approved before.
    pub lock: Arc<Lock>,
}

impl Trust {
    /// The key that vouches for a candidate: the one that did before, if it is among those that do now. None where nobody
    /// does, and nobody has to.
    ///
    /// # Errors
    /// Why the candidate must not be compiled.
    pub(super) fn judge(&self, candidate: &mut Candidate) -> Result<Option<KeyId>, Error> {
        if self.mode == TrustMode::Off {
            return Ok(None);
        }
        let signatures = std::mem::replace(&mut candidate.signatures, Ok(Signatures::default()));
        let signatures = match signatures {
            Err(error) if self.mode == TrustMode::Warn => {
                tracing::warn!(plugin = %candidate.id, %error, "signatures can't be used");
                Signatures::default()
            }
            signatures => signatures?,
        };
        let statement = candidate.statement();
        let judged = trust::Candidate {
            statement: statement.as_ref(),
            signatures: &signatures,
            embedded: candidate.embedded,
            known: self.approved(&candidate.id, &candidate.digest),
        };
        self.signer(&candidate.id, &judged)
    }

    /// Whether these very bytes were approved before.
    pub(crate) fn approved(&self, id: &PluginId, digest: &Digest) -> bool {
        let approved = self.lock.get(id);
        approved.is_some_and(|locked| locked.digest == *digest)
    }

    /// As [`Trust::judge`], of what was read from a candidate.
    pub(crate) fn signer(
        &self,
        id: &PluginId,
        judged: &trust::Candidate<'_>,
    ) -> Result<Option<KeyId>, Error> {
        match judge(self.mode, &self.keys, judged, SystemTime::now()).map_err(Error::Untrusted)? {
            Standing::Verified(keys) => {
                let before = self.lock.get(id).and_then(|locked| locked.key);
                let still = before.filter(|key| keys.contains(key));
                Ok(still.or_else(|| keys.first().copied()))
            }
            Standing::Unverified(why) => {
                if let Some(why) = why {
                    tracing::warn!(plugin = %id, %why, "loaded without a signature that counts");
                }
                Ok(None)
            }
        }
    }
}

/// Who a candidate is, if `signer` vouches for it.
pub(super) fn identity(candidate: &Candidate, signer: Option<&KeyId>) -> Identity {
    match signer {
        Some(key) => Identity::signed(&candidate.id, key),
        None => Identity::from(candidate.digest),
    }
}
