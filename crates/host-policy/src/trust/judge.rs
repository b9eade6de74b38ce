//! Whether a component may be compiled at all.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use super::{KeyId, Signature, Signatures, Statement, TrustedKeys};
use crate::PluginId;
use crate::text::string_serde;

/// What signatures are worth to a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TrustMode {
    /// `required`: what is not signed by trusted keys is not loaded. The default for what is discovered or installed.
    #[default]
    Required,
    /// `warn`: it is loaded as unsigned, and said aloud – unless a revoked key signed it.
    Warn,
    /// `off`: nobody looks. For files that a person named by hand.
    Off,
}

impl TrustMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Required, Self::Warn, Self::Off];

    /// As it stands in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

/// A word that is no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} says nothing about signatures; write \"required\", \"warn\" or \"off\"")]
pub struct TrustModeError(pub String);

impl FromStr for TrustMode {
    type Err = TrustModeError;

    fn from_str(text: &str) -> Result<Self, TrustModeError> {
        let known = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        known.ok_or_else(|| TrustModeError(text.to_owned()))
    }
}

impl fmt::Display for TrustMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

string_serde!(TrustMode);

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// What its signatures must say; none where it has no manifest.
    pub statement: Option<&'a Statement>,
    /// Who says so.
    pub signatures: &'a Signatures,
    /// Whether its manifest travels inside it, so that it is signed too.
    pub embedded: bool,
    /// Whether these very bytes were approved before: a key that expired since still counts for them.
    pub known: bool,
}

/// How a component stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Signed by these trusted keys: enough of them, each once, in order.
    Verified(Vec<KeyId>),
    /// Not signed, as far as this host is concerned; with why not, where that is to be said.
    Unverified(Option<Distrust>),
}

/// Why one signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// Nobody trusts the key.
    #[error("is not in trusted_keys.toml")]
    Unknown,
    /// The key was revoked.
    #[error("is revoked")]
    Revoked,
    /// The key is for other plugins.
    #[error("is not trusted for plugins of this id")]
    OutOfScope,
    /// The key's time has not come.
    #[error("counts from {} on", humantime::format_rfc3339_seconds(*.0))]
    NotYet(SystemTime),
    /// The key's time is over, and these bytes were not approved before.
    #[error("expired at {}", humantime::format_rfc3339_seconds(*.0))]
    Expired(SystemTime),
    /// The key did not sign this id, this version and these bytes.
    #[error("signed something else: another plugin, another version or other bytes")]
    Mismatch,
}

/// Why a component is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distrust {
    /// It has no manifest: nothing says which plugin and version it is.
    NoManifest,
    /// Its manifest is a file beside it, which no signature covers.
    NotEmbedded,
    /// Nobody signed it.
    Unsigned,
    /// Too few of those who signed it are trusted for it.
    NotEnough {
        /// The plugin.
        id: PluginId,
        /// How many distinct trusted keys it takes.
        threshold: u32,
        /// Those that count.
        counted: Vec<KeyId>,
        /// Those that don't, and why.
        faults: Vec<(KeyId, KeyFault)>,
    },
}

impl Distrust {
    fn is_revoked(&self) -> bool {
        let revoked = |(_, fault): &(KeyId, KeyFault)| *fault == KeyFault::Revoked;
        matches!(self, Self::NotEnough { faults, .. } if faults.iter().any(revoked))
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManifest => f.write_str(
                "it has no manifest, so nothing says which plugin it is; build it with `portcullis build`",
            ),
            Self::NotEmbedded => f.write_str(
                "its manifest is a file beside it, which no signature covers; build it with `portcullis build`",
            ),
            Self::Unsigned => f.write_str(
                "it is not signed; its author signs it with `portcullis sign`",
            ),
            Self::NotEnough {
                id,
                threshold,
                counted,
                faults,
            } => {
                let count = counted.len();
                write!(f, "{id} takes {threshold} trusted signature(s) and has {count}")?;
                for (key, fault) in faults {
                    write!(f, "; key {key} {fault}")?;
                }
                f.write_str("; `portcullis trust list` shows which keys count for what")
            }
        }
    }
}

impl std::error::Error for Distrust {}

/// Judges a component. `now` is the host's clock.
///
/// # Errors
/// Why it must not be compiled.
pub fn judge(
    mode: TrustMode,
    trusted: &TrustedKeys,
    candidate: &Candidate<'_>,
    now: SystemTime,
) -> Result<Standing, Distrust> {
    if mode == TrustMode::Off {
        return Ok(Standing::Unverified(None));
    }
    match verify(trusted, candidate, now) {
        Ok(keys) => Ok(Standing::Verified(keys)),
        Err(distrust) if mode == TrustMode::Warn && !distrust.is_revoked() => {
            Ok(Standing::Unverified(Some(distrust)))
        }
        Err(distrust) => Err(distrust),
    }
}

fn verify(
    trusted: &TrustedKeys,
    candidate: &Candidate<'_>,
    now: SystemTime,
) -> Result<Vec<KeyId>, Distrust> {
    let statement = candidate.statement.ok_or(Distrust::NoManifest)?;
    if !candidate.embedded {
        return Err(Distrust::NotEmbedded);
    }
    if candidate.signatures.is_empty() {
        return Err(Distrust::Unsigned);
    }
    let (mut counted, mut faults) = (Vec::new(), Vec::new());
    for signature in candidate.signatures.iter() {
        match fault(trusted, statement, signature, candidate.known, now) {
            None => counted.push(signature.key),
            Some(fault) => faults.push((signature.key, fault)),
        }
    }
    counted.sort();
    counted.dedup();
    let threshold = trusted.threshold(&statement.id);
    if counted.len() >= threshold as usize {
        return Ok(counted);
    }
    Err(Distrust::NotEnough {
        id: statement.id.clone(),
        threshold,
        counted,
        faults,
    })
}

/// Why one signature does not count; none where it does. `known` as in [`Candidate`].
pub fn fault(
    trusted: &TrustedKeys,
    statement: &Statement,
    signature: &Signature,
    known: bool,
    now: SystemTime,
) -> Option<KeyFault> {
    let Some(key) = trusted.get(&signature.key) else {
        return Some(KeyFault::Unknown);
    };
    if key.revoked {
        return Some(KeyFault::Revoked);
    }
    if !key.covers(&statement.id) {
        return Some(KeyFault::OutOfScope);
    }
    if let Some(from) = key.not_before.filter(|from| now < *from) {
        return Some(KeyFault::NotYet(from));
    }
    if let Some(until) = key.not_after.filter(|until| now >= *until && !known) {
        return Some(KeyFault::Expired(until));
    }
    let right = key.public.verifies(statement, signature);
    (!right).then_some(KeyFault::Mismatch)
}
