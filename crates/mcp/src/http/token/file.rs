//! Where tokens are kept.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use portcullis_host_agent::core::PluginId;
use portcullis_host_agent::core::private::{self, user_folder};
use portcullis_host_agent::tool::ToolPattern;
use serde::{Deserialize, Serialize};

use super::{NewToken, TokenHash, TokenName, TokenRecord, TokenTerms, Tokens};

/// The file's name in its folder.
const NAME: &str = "tokens.toml";

/// Largest file that is read: thousands of tokens.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What nobody else may do with it: anything.
const FORBIDDEN: u32 = 0o077;

/// Why tokens can't be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file can't be read or written, or is open to others.
    #[error("can't use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not as it is written.
    #[error("{} is not as `portcullis mcp token` writes it: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is one of this name.
    #[error("there is a token {0} already; `portcullis mcp token revoke {0}` takes it back")]
    Taken(TokenName),
    /// There is none of this name.
    #[error("there is no token {0}; `portcullis mcp token list` shows them")]
    Unknown(TokenName),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// `tokens.toml` in a folder of this user's alone. Several processes can use it at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile {
    folder: PathBuf,
}

impl TokenFile {
    /// The file in `folder`. Nothing is read or made before it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { folder }
    }

    /// The user's own: `portcullis/mcp` in `XDG_CONFIG_HOME`, or `~/.config`. None where nothing says where home is.
    pub fn of_user() -> Option<Self> {
        user_folder("XDG_CONFIG_HOME", ".config", "mcp").map(Self::new)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file's path.
    pub fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// All tokens; none where there is no file.
    ///
    /// # Errors
    /// [`TokenError::Io`] and [`TokenError::Damaged`].
    pub fn read(&self) -> Result<Tokens, TokenError> {
        let path = self.path();
        let bytes = private::read(&path, FORBIDDEN, MAX_BYTES);
        let bytes = bytes.map_err(|source| self.failed(source))?;
        let Some(bytes) = bytes else {
            return Ok(Tokens::default());
        };
        parse(&bytes).map_err(|reason| TokenError::Damaged { path, reason })
    }

    /// Makes a token on these terms, whose text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`TokenError::Taken`], and those of reading and writing; nothing has changed then.
    pub fn create(&self, terms: TokenTerms) -> Result<NewToken, TokenError> {
        let token = NewToken::random().map_err(TokenError::Random)?;
        self.update(|tokens| {
            let mut records = tokens.records.iter();
            if records.any(|other| other.terms.name == terms.name) {
                return Err(TokenError::Taken(terms.name));
            }
            tokens.records.push(TokenRecord {
                terms,
                created: SystemTime::now(),
                hash: token.hash(),
            });
            Ok(())
        })?;
        Ok(token)
    }

    /// Takes a token back: a running server ends its sessions within a second or two.
    ///
    /// # Errors
    /// [`TokenError::Unknown`], and those of reading and writing; nothing has changed then.
    pub fn revoke(&self, name: &TokenName) -> Result<(), TokenError> {
        self.update(|tokens| {
            let before = tokens.records.len();
            tokens.records.retain(|record| record.terms.name != *name);
            match tokens.records.len() < before {
                true => Ok(()),
                false => Err(TokenError::Unknown(name.clone())),
            }
        })
    }

    fn update(
        &self,
        change: impl FnOnce(&mut Tokens) -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let _lock = private::lock(&self.folder).map_err(|source| self.failed(source))?;
        let mut tokens = self.read()?;
        change(&mut tokens)?;
        let document = Document {
            token: tokens.records.iter().map(Entry::from).collect(),
        };
        let text = toml::to_string(&document).map_err(|error| TokenError::Damaged {
            path: self.path(),
            reason: error.to_string(),
        })?;
        private::replace(&self.path(), text.as_bytes()).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> TokenError {
        let path = self.path();
        TokenError::Io { path, source }
    }
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    token: Vec<Entry>,
}

/// One `[[token]]`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    /// SHA-256 of the token's text.
    sha256: String,
    created: String,
    expires: Option<String>,
    plugins: Option<BTreeSet<PluginId>>,
    tools: Option<Vec<String>>,
    #[serde(default)]
    metrics: bool,
}

impl From<&TokenRecord> for Entry {
    fn from(record: &TokenRecord) -> Self {
        let time = |time| humantime::format_rfc3339_seconds(time).to_string();
        let terms = &record.terms;
        let tools = terms.tools.as_ref();
        Self {
            name: terms.name.to_string(),
            sha256: record.hash.to_text(),
            created: time(record.created),
            expires: terms.expires.map(time),
            plugins: terms.plugins.clone(),
            tools: tools.map(|tools| tools.iter().map(ToString::to_string).collect()),
            metrics: terms.metrics,
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Tokens, String> {
    let document: Document = toml::from_slice(bytes).map_err(|error| error.message().to_owned())?;
    let mut names = BTreeSet::new();
    let mut records = Vec::new();
    for entry in document.token {
        let record = record(entry)?;
        if !names.insert(record.terms.name.clone()) {
            return Err(format!("two tokens are called {}", record.terms.name));
        }
        records.push(record);
    }
    Ok(Tokens { records })
}

fn record(entry: Entry) -> Result<TokenRecord, String> {
    let name: TokenName = entry.name.parse().map_err(told)?;
    let hash = TokenHash::from_text(&entry.sha256);
    let patterns = |tools: Vec<String>| -> Result<Vec<ToolPattern>, String> {
        tools
            .iter()
            .map(|tool| tool.parse().map_err(told))
            .collect()
    };
    Ok(TokenRecord {
        hash: hash.ok_or_else(|| format!("the hash of {name} is none"))?,
        created: time(&entry.created)?,
        terms: TokenTerms {
            name,
            expires: entry.expires.as_deref().map(time).transpose()?,
            plugins: entry.plugins,
            tools: entry.tools.map(patterns).transpose()?,
            metrics: entry.metrics,
        },
    })
}

fn time(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339(text).map_err(told)
}

fn told(error: impl ToString) -> String {
    error.to_string()
}
