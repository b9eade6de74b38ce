#![doc = include_str!("trust.md")]

mod judge;
mod key;
mod keys;
mod lock;
mod signature;
mod statement;
mod surface;
#[cfg(test)]
mod tests;

pub use judge::{Candidate, Distrust, KeyFault, Standing, TrustMode, TrustModeError, fault, judge};
pub use key::{KeyId, PublicKey, PublicKeyError, SecretKey};
pub use keys::{IdPattern, IdPatternError, Threshold, TrustedKey, TrustedKeys};
pub use lock::{Hold, Lock, Locked, Updates, UpdatesError};
pub use signature::{Signature, Signatures};
pub use statement::Statement;
pub use surface::{Difference, Surface};
