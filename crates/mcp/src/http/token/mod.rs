//! Bearer tokens: who a client is, and what is there for it.
//!
//! A token is 256 random bits, which nobody guesses, so that a plain hash of it is enough at rest: there is nothing to try out.

mod file;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use portcullis_host_agent::core::PluginId;
use portcullis_host_agent::tool::ToolPattern;
use subtle::{Choice, ConstantTimeEq};

pub use self::file::{TokenError, TokenFile};
pub use self::secret::NewToken;
pub(crate) use self::secret::TokenHash;
use crate::Principal;

/// What a token is called: by the operator, in records, and as the principal whose state plugins keep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenName(String);

/// A text that is no name of a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} can't be a token's name: it has 1 to {max} letters, digits, `_`, `-`, `.` and `@`, a letter or digit first",
    max = TokenName::MAX
)]
pub struct TokenNameError(String);

impl TokenName {
    /// Longest name: an address of e-mail fits, and a line of a list.
    const MAX: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = TokenNameError;

    fn from_str(text: &str) -> Result<Self, TokenNameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
        let fits = text.len() <= Self::MAX
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(plain);
        match fits {
            true => Ok(Self(text.to_owned())),
            false => Err(TokenNameError(text.chars().take(Self::MAX).collect())),
        }
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the operator says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTerms {
    /// What it is called.
    pub name: TokenName,
    /// From when on it counts no more; none where it always does.
    pub expires: Option<SystemTime>,
    /// The plugins that are there for it; none stands for all.
    pub plugins: Option<BTreeSet<PluginId>>,
    /// The tools of these that are there for it; none stands for all.
    pub tools: Option<Vec<ToolPattern>>,
    /// Whether it may read `/metrics`, which name all plugins.
    pub metrics: bool,
}

/// A token, without what it takes to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What the operator said of it.
    pub terms: TokenTerms,
    /// When it was made.
    pub created: SystemTime,
    pub(crate) hash: TokenHash,
}

/// Whether a token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It does.
    Counts,
    /// It did.
    Expired,
}

impl TokenRecord {
    /// Whether it counts at this time.
    pub fn status(&self, now: SystemTime) -> TokenStatus {
        match self.terms.expires {
            Some(expires) if now >= expires => TokenStatus::Expired,
            _ => TokenStatus::Counts,
        }
    }

    /// Who comes with it. What plugins keep for it is its own.
    pub(crate) fn principal(&self) -> Principal {
        let terms = &self.terms;
        Principal {
            name: terms.name.to_string(),
            plugins: terms.plugins.clone(),
            tools: terms.tools.clone(),
            apart: true,
        }
    }
}

/// All tokens at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    records: Vec<TokenRecord>,
}

impl Tokens {
    /// The tokens, in the order in which they were made.
    pub fn records(&self) -> &[TokenRecord] {
        &self.records
    }

    /// Whether any counts at this time.
    pub(crate) fn any(&self, now: SystemTime) -> bool {
        let mut records = self.records.iter();
        records.any(|record| record.status(now) == TokenStatus::Counts)
    }

    /// The token whose text was presented, if there is one. How long it takes says nothing of how near one came.
    pub(crate) fn find(&self, presented: &str) -> Option<&TokenRecord> {
        let hash = TokenHash::of(presented);
        let mut found = None;
        for record in &self.records {
            let same: Choice = record.hash.ct_eq(&hash);
            if bool::from(same) {
                found = Some(record);
            }
        }
        found
    }

    /// The token of this hash.
    pub(crate) fn get(&self, hash: &TokenHash) -> Option<&TokenRecord> {
        self.records.iter().find(|record| record.hash == *hash)
    }
}
