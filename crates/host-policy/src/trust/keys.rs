//! Whose word counts, for what, and when.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use toml::de::{DeTable, DeValue};

use super::{KeyId, PublicKey};
use crate::PluginId;
use crate::document::{self, DocumentErrorKind as Kind, DocumentErrors, Reader};
use crate::text::string_serde;

const KEY_KEYS: &[&str] = &[
    "public-key",
    "owner",
    "plugins",
    "not-before",
    "not-after",
    "revoked",
];

/// Plugin ids: one, all below a prefix (`org.example.*`), or all (`*`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdPattern {
    /// `*`
    All,
    /// `org.example.*`: ids that start with `org.example.`, and not `org.example` itself.
    Below(PluginId),
    /// One id.
    One(PluginId),
}

/// A text that is no pattern of ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no plugins: write an id, a prefix such as `org.example.*`, or `*`")]
pub struct IdPatternError {
    /// What was written.
    pub text: String,
}

impl IdPattern {
    /// Whether `id` is one of them.
    pub fn covers(&self, id: &PluginId) -> bool {
        match self {
            Self::All => true,
            Self::One(own) => own == id,
            Self::Below(prefix) => {
                let rest = id.as_str().strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.starts_with('.'))
            }
        }
    }
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Below(prefix) => write!(f, "{prefix}.*"),
            Self::One(id) => id.fmt(f),
        }
    }
}

impl FromStr for IdPattern {
    type Err = IdPatternError;

    fn from_str(text: &str) -> Result<Self, IdPatternError> {
        let pattern = match (text, text.strip_suffix(".*")) {
            ("*", _) => Ok(Self::All),
            (_, Some(prefix)) => prefix.parse().map(Self::Below),
            (_, None) => text.parse().map(Self::One),
        };
        pattern.map_err(|_| IdPatternError {
            text: text.chars().take(PluginId::MAX_BYTES).collect(),
        })
    }
}

string_serde!(IdPattern);

/// One `[[key]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub public: PublicKey,
    /// Whose it is, for people.
    pub owner: String,
    /// What it may sign.
    pub plugins: Vec<IdPattern>,
    /// From when on it counts.
    pub not_before: Option<SystemTime>,
    /// Until when it counts, for digests that were not approved before.
    pub not_after: Option<SystemTime>,
    /// Its owner lost it: it counts for nothing.
    pub revoked: bool,
}

impl TrustedKey {
    /// Whether it may sign this plugin.
    pub fn covers(&self, id: &PluginId) -> bool {
        self.plugins.iter().any(|pattern| pattern.covers(id))
    }
}

/// One `[[policy]]`: how many keys it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// For which plugins.
    pub plugins: Vec<IdPattern>,
    /// How many distinct keys.
    pub threshold: u32,
}

/// `trusted_keys.toml`.
///
/// ```toml
/// [[key]]
/// public-key = "ed25519:..."
/// owner = "Example"
/// plugins = ["org.example.*"]
/// not-before = 2026-01-01
/// not-after = 2028-01-01T12:00:00Z
/// revoked = false
///
/// [[policy]]
/// plugins = ["org.example.bank"]
/// threshold = 2
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    /// The keys, each once.
    pub keys: Vec<TrustedKey>,
    /// Where one key is not enough.
    pub policies: Vec<Threshold>,
}

impl TrustedKeys {
    /// Reads such a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        document::parse(text, Reader::trusted_keys)
    }

    /// The key of this id.
    pub fn get(&self, id: &KeyId) -> Option<&TrustedKey> {
        self.keys.iter().find(|key| key.public.id() == *id)
    }

    /// How many distinct keys must have signed this plugin: the largest number that a policy says, and 1 at least.
    pub fn threshold(&self, id: &PluginId) -> u32 {
        let meant = |policy: &&Threshold| policy.plugins.iter().any(|pattern| pattern.covers(id));
        let said = self.policies.iter().filter(meant);
        said.map(|policy| policy.threshold).max().unwrap_or(1)
    }
}

impl Reader<'_> {
    fn trusted_keys(&mut self, root: &DeTable<'_>) -> Option<TrustedKeys> {
        self.known_keys(root, &["key", "policy"]);
        let mut trusted = TrustedKeys::default();
        for (node, table) in self.tables(root, "key") {
            let Some(key) = self.trusted_key(table, node.span()) else {
                continue;
            };
            if trusted.get(&key.public.id()).is_some() {
                let problem = "this key is listed twice: which entry counts would be a guess";
                self.fail(node.span(), Kind::Value(problem.to_owned()));
            } else {
                trusted.keys.push(key);
            }
        }
        for (node, table) in self.tables(root, "policy") {
            trusted.policies.extend(self.threshold(table, node.span()));
        }
        Some(trusted)
    }

    fn trusted_key(
        &mut self,
        table: &DeTable<'_>,
        span: std::ops::Range<usize>,
    ) -> Option<TrustedKey> {
        self.known_keys(table, KEY_KEYS);
        let public = self.required(table, &span, "public-key", |text| {
            text.parse::<PublicKey>().map_err(|error| error.to_string())
        });
        let owner = self.line(table, "owner").unwrap_or_default();
        let plugins = self.patterns(table, &span);
        let not_before = self.time(table, "not-before");
        let not_after = self.time(table, "not-after");
        let revoked = self.flag(table, "revoked").unwrap_or(false);
        if let (Some(from), Some(until)) = (not_before, not_after)
            && from >= until
        {
            let problem = "`not-after` is not after `not-before`: the key would never count";
            self.fail(span, Kind::Value(problem.to_owned()));
        }
        Some(TrustedKey {
            public: public?,
            owner,
            plugins,
            not_before,
            not_after,
            revoked,
        })
    }

    fn threshold(
        &mut self,
        table: &DeTable<'_>,
        span: std::ops::Range<usize>,
    ) -> Option<Threshold> {
        self.known_keys(table, &["plugins", "threshold"]);
        let plugins = self.patterns(table, &span);
        let Some(node) = table.get("threshold") else {
            self.fail(span, Kind::Missing("threshold"));
            return None;
        };
        let number = match node.get_ref() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let Some(threshold) = number.filter(|number| *number > 0) else {
            let rule = "`threshold` is how many keys must have signed: 1 or more";
            self.fail(node.span(), Kind::Value(rule.to_owned()));
            return None;
        };
        Some(Threshold { plugins, threshold })
    }

    /// `plugins`, which has to be said: what a key may sign must not follow from what was forgotten.
    fn patterns(&mut self, table: &DeTable<'_>, span: &std::ops::Range<usize>) -> Vec<IdPattern> {
        if table.get("plugins").is_none() {
            self.fail(span.clone(), Kind::Missing("plugins"));
        }
        let mut patterns = Vec::new();
        for (node, text) in self.strings(table, "plugins") {
            match text.parse() {
                Ok(pattern) => patterns.push(pattern),
                Err(error @ IdPatternError { .. }) => {
                    self.fail(node.span(), Kind::Value(error.to_string()));
                }
            }
        }
        patterns
    }

    /// A moment: a date, which is its first moment in UTC, or a time in UTC.
    fn time(&mut self, table: &DeTable<'_>, key: &str) -> Option<SystemTime> {
        let node = table.get(key)?;
        let text = match node.get_ref() {
            DeValue::Datetime(moment) if moment.time.is_none() => format!("{moment}T00:00:00Z"),
            DeValue::Datetime(moment) => moment.to_string(),
            _ => {
                self.wrong_type(node, key, "a date or a time in UTC, without quotes");
                return None;
            }
        };
        let time = humantime::parse_rfc3339(&text).ok();
        if time.is_none() {
            let rule = format!("`{key}` is a date, or a time in UTC such as 2027-01-31T12:00:00Z");
            self.fail(node.span(), Kind::Value(rule));
        }
        time
    }
}
