//! What was approved of each plugin, and why an update waits for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::Serialize;
use toml::de::DeTable;

use super::KeyId;
use crate::capability::{Access, Capability};
use crate::document::{self, DocumentErrors, Reader};
use crate::text::string_serde;
use crate::{Digest, PluginId};

const KEYS: &[&str] = &["version", "digest", "key", "capabilities", "surface"];

/// What was approved of one plugin: these bytes by this key, asking for this and showing that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Locked {
    /// Its version; none where it has no manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Its bytes.
    pub digest: Digest,
    /// Who signed it; none where nobody that counts did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// What it asks for.
    pub capabilities: Vec<Capability>,
    /// The digest of its [`Surface`](super::Surface).
    pub surface: Digest,
}

/// `plugins.lock`: what was approved, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// What was there while the lock was lost, and waits for a person since.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    held: BTreeSet<PluginId>,
    plugin: BTreeMap<PluginId, Locked>,
}

/// Why a plugin waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Hold {
    /// There is no lock, or was none when it was found, so nothing says what was approved.
    #[error("the lock was lost: nothing says what was approved")]
    LostLock,
    /// It is older than what was approved: an old signature is a good one, and an old fault too.
    #[error("its version went back from {from} to {to}")]
    LowerVersion {
        /// What was approved.
        from: Version,
        /// What is there.
        to: Version,
    },
    /// It calls itself the same and is not.
    #[error("its version is still {version}, and its bytes are others")]
    SameVersion {
        /// The version of both.
        version: Version,
    },
    /// Its manifest is gone, and with it the bound on what it asks for.
    #[error("it has no manifest any more, so nothing bounds what it asks for")]
    LostManifest,
    /// Somebody else signed it, or nobody.
    #[error("it was signed by {}, and now by {}", who(from), who(to))]
    OtherKey {
        /// Who signed what was approved.
        from: Option<KeyId>,
        /// Who signed what is there.
        to: Option<KeyId>,
    },
    /// It asks for more.
    #[error("it asks for more: {}", list(added))]
    LargerRequest {
        /// What was not asked for before.
        added: Vec<Capability>,
    },
    /// It shows something else to people and models.
    #[error("what it shows to people and models changed")]
    OtherSurface,
    /// It changed, and every change of it waits: because of what it may do, or because its operator said so.
    #[error("every update of it waits: {}", .0.reason())]
    EveryUpdate(Updates),
    /// It changed, and no key vouches for the change.
    #[error("it is not signed, so nothing says that its update is by the same author")]
    UnsignedUpdate,
}

fn who(key: &Option<KeyId>) -> String {
    key.map_or_else(|| "nobody".to_owned(), |key| format!("key {key}"))
}

fn list(capabilities: &[Capability]) -> String {
    let texts: Vec<_> = capabilities.iter().map(Capability::to_string).collect();
    texts.join(", ")
}

/// What happens to an update that only changes bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Updates {
    /// Where the operator said nothing: it waits where what the plugin asks for is powerful.
    #[default]
    Unsaid,
    /// `hold`: it waits.
    Hold,
    /// `auto`: it is taken.
    Auto,
}

/// A word that says nothing about updates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} says nothing about updates; write \"hold\" or \"auto\"")]
pub struct UpdatesError(pub String);

impl FromStr for Updates {
    type Err = UpdatesError;

    fn from_str(text: &str) -> Result<Self, UpdatesError> {
        match text {
            "hold" => Ok(Self::Hold),
            "auto" => Ok(Self::Auto),
            _ => Err(UpdatesError(text.to_owned())),
        }
    }
}

impl fmt::Display for Updates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsaid => "unsaid",
            Self::Hold => "hold",
            Self::Auto => "auto",
        })
    }
}

string_serde!(Updates);

impl Updates {
    /// What holds for a plugin that asks for `capabilities`: with secrets, writable folders, hooks that change or stop things,
    /// actions or other plugins' tools, every update waits unless the operator said otherwise.
    fn waits(self, capabilities: &[Capability]) -> bool {
        match self {
            Self::Hold => true,
            Self::Auto => false,
            Self::Unsaid => capabilities.iter().any(is_powerful),
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Hold => "its operator said `updates = \"hold\"`",
            _ => {
                "it asks for secrets, writable folders, hooks that change things, actions or other tools"
            }
        }
    }
}

fn is_powerful(capability: &Capability) -> bool {
    match capability {
        Capability::Fs(rule) => rule.access == Access::ReadWrite,
        Capability::Secret(_)
        | Capability::SecretReveal(_)
        | Capability::HookModify(_)
        | Capability::HookGate(_)
        | Capability::Action(_)
        | Capability::Host(_)
        | Capability::Invoke(_) => true,
        Capability::Http(_)
        | Capability::Tcp(_)
        | Capability::Env(_)
        | Capability::State(_)
        | Capability::Llm(_)
        | Capability::Retrieval(_)
        | Capability::Planner
        | Capability::Ask
        | Capability::Hook(_)
        | Capability::HookContent(_)
        | Capability::Stdin
        | Capability::Stdout
        | Capability::Stderr
        | Capability::Args
        | Capability::Log
        | Capability::Clocks
        | Capability::Random => false,
    }
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        document::parse(text, Reader::lock)
    }

    /// What was approved of a plugin.
    pub fn get(&self, id: &PluginId) -> Option<&Locked> {
        self.plugin.get(id)
    }

    /// All that was approved, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&PluginId, &Locked)> {
        self.plugin.iter()
    }

    /// Holds a plugin, of which nobody knows any more what was approved, until it is approved again.
    pub fn hold(&mut self, id: PluginId) {
        self.held.insert(id);
    }

    /// Approves.
    pub fn set(&mut self, id: PluginId, locked: Locked) {
        self.held.remove(&id);
        self.plugin.insert(id, locked);
    }

    /// Forgets what was approved of a plugin. False where there was nothing.
    pub fn remove(&mut self, id: &PluginId) -> bool {
        self.held.remove(id);
        self.plugin.remove(id).is_some()
    }

    /// Why what is there now waits for a person; empty where it does not. A plugin that was never there does not wait: that
    /// it may run at all is what signatures are for.
    pub fn holds(&self, id: &PluginId, now: &Locked, updates: Updates) -> Vec<Hold> {
        if self.held.contains(id) {
            return vec![Hold::LostLock];
        }
        let Some(was) = self.plugin.get(id) else {
            return Vec::new();
        };
        let mut holds = Vec::new();
        let bytes_changed = was.digest != now.digest;
        if bytes_changed {
            holds.extend(version_hold(was, now));
        }
        if was.version.is_some() && now.version.is_none() {
            holds.push(Hold::LostManifest);
        }
        if was.key != now.key {
            holds.push(Hold::OtherKey {
                from: was.key,
                to: now.key,
            });
        }
        let is_new = |wanted: &&Capability| !was.capabilities.iter().any(|own| own.covers(wanted));
        let added: Vec<_> = now.capabilities.iter().filter(is_new).cloned().collect();
        if !added.is_empty() {
            holds.push(Hold::LargerRequest { added });
        }
        if was.surface != now.surface {
            holds.push(Hold::OtherSurface);
        }
        if bytes_changed && updates.waits(&now.capabilities) {
            holds.push(Hold::EveryUpdate(updates));
        } else if bytes_changed && now.key.is_none() && updates != Updates::Auto {
            holds.push(Hold::UnsignedUpdate);
        }
        holds
    }
}

fn version_hold(was: &Locked, now: &Locked) -> Option<Hold> {
    let (from, to) = (was.version.clone()?, now.version.clone()?);
    match to.cmp_precedence(&from) {
        std::cmp::Ordering::Less => Some(Hold::LowerVersion { from, to }),
        std::cmp::Ordering::Equal => Some(Hold::SameVersion { version: to }),
        std::cmp::Ordering::Greater => None,
    }
}

/// As the file is written.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("# What was approved of each plugin. Written by the host; `portcullis plugins approve` changes it.\n")?;
        f.write_str(&toml::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Reader<'_> {
    fn lock(&mut self, root: &DeTable<'_>) -> Option<Lock> {
        self.known_keys(root, &["held", "plugin"]);
        let mut lock = Lock::default();
        for (node, text) in self.strings(root, "held") {
            match text.parse::<PluginId>() {
                Ok(id) => lock.hold(id),
                Err(error) => {
                    let rule = document::DocumentErrorKind::Value(error.to_string());
                    self.fail(node.span(), rule);
                }
            }
        }
        let plugins = root
            .get("plugin")
            .and_then(|node| self.table(node, "plugin"));
        for (key, node) in plugins.into_iter().flatten() {
            let id = match key.get_ref().parse::<PluginId>() {
                Ok(id) => id,
                Err(error) => {
                    let rule = document::DocumentErrorKind::Value(error.to_string());
                    self.fail(key.span(), rule);
                    continue;
                }
            };
            if let Some(table) = self.table(node, id.as_str())
                && let Some(locked) = self.locked(table, &node.span())
            {
                lock.plugin.insert(id, locked);
            }
        }
        Some(lock)
    }

    fn locked(&mut self, table: &DeTable<'_>, span: &std::ops::Range<usize>) -> Option<Locked> {
        self.known_keys(table, KEYS);
        let digest = |text: &str| text.parse::<Digest>().map_err(|error| error.to_string());
        let version = self.optional(table, "version", |text| {
            text.parse::<Version>().map_err(|error| error.to_string())
        });
        let key = self.optional(table, "key", |text| {
            text.parse::<KeyId>().map_err(|error| error.to_string())
        });
        let bytes = self.required(table, span, "digest", digest);
        let surface = self.required(table, span, "surface", digest);
        let capabilities = self.capability_list(table, "capabilities");
        Some(Locked {
            version,
            digest: bytes?,
            key,
            capabilities: capabilities.into_iter().map(|(_, one)| one).collect(),
            surface: surface?,
        })
    }
}
