//! What a plugin is called.

use std::fmt;
use std::str::FromStr;

use crate::text::string_serde;

/// A plugin's id: `hello`, or better the author's domain turned round and a name, `org.example.weather`.
///
/// It is what the author claims and no identity: grants, secrets and state hang on the key or the digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(String);

/// A text that is no plugin id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no plugin id: {}", PluginId::RULE)]
pub struct PluginIdError {
    /// What was written, cut to a length that can be shown.
    pub text: String,
}

impl PluginId {
    /// What an id may look like.
    pub const RULE: &str = "an id is made of lower-case letters, digits, `-` and `.`, starts with a letter, has at \
        most 128 characters, and each part between dots starts and ends with a letter or a digit";

    /// Longest id, in bytes: two of them and a tool's name still fit a file name.
    pub const MAX_BYTES: usize = 128;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginId {
    type Err = PluginIdError;

    fn from_str(text: &str) -> Result<Self, PluginIdError> {
        let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let label = |label: &str| {
            let bytes = label.as_bytes();
            bytes.first().copied().is_some_and(inside)
                && bytes.last().copied().is_some_and(inside)
                && bytes.iter().all(|&byte| inside(byte) || byte == b'-')
        };
        let fits = text.len() <= Self::MAX_BYTES
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.split('.').all(label);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(PluginIdError {
                text: text.chars().take(Self::MAX_BYTES).collect(),
            })
        }
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

string_serde!(PluginId);
