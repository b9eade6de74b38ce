//! All tools as they were at one moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use portcullis_contract::chat::ToolSpec;
use portcullis_host_core::PluginId;
use portcullis_host_policy::nearest;

use super::{ModelName, NameError, QualifiedName, ToolEntry};

/// All tools as they were at one moment: native ones in the order in which they were added, then plugins' by id, each
/// plugin's in its own order. It never changes, so that a turn finds the tools at its end that it told the model of at its start.
///
/// Who holds it keeps its plugins loaded.
#[derive(Debug, Default)]
pub struct ToolSnapshot {
    entries: Vec<Arc<ToolEntry>>,
    by_name: HashMap<QualifiedName, Arc<ToolEntry>>,
    by_model_name: HashMap<ModelName, Arc<ToolEntry>>,
    refused: Vec<Refused>,
}

/// A plugin's tool that could not be taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tool {tool:?} of {plugin} can't be called: {reason}")]
pub struct Refused {
    /// Whose it is.
    pub plugin: PluginId,
    /// What its author calls it.
    pub tool: String,
    /// Why not.
    pub reason: RefusedReason,
}

/// Why a tool was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedReason {
    /// It can't be named.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Another tool has its name, which was there before, or comes before it.
    #[error("its name is that of {holder}, which came before it; remove one of the two")]
    Taken {
        /// The tool that has the name, and the plugin's identity.
        holder: String,
    },
}

impl ToolSnapshot {
    /// `entries` have names that differ.
    pub(super) fn new(entries: Vec<Arc<ToolEntry>>, refused: Vec<Refused>) -> Self {
        let by_name = entries.iter();
        let by_name = by_name.map(|entry| (entry.name().clone(), Arc::clone(entry)));
        let by_model_name = entries.iter();
        let by_model_name =
            by_model_name.map(|entry| (entry.model_name().clone(), Arc::clone(entry)));
        Self {
            by_name: by_name.collect(),
            by_model_name: by_model_name.collect(),
            entries,
            refused,
        }
    }

    /// All of them, in order.
    pub fn entries(&self) -> &[Arc<ToolEntry>] {
        &self.entries
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &QualifiedName> {
        self.entries.iter().map(|entry| entry.name())
    }

    /// What a model is told of them, in order.
    pub fn specs(&self) -> Vec<ToolSpec> {
        let specs = self.entries.iter().map(|entry| entry.spec().clone());
        specs.collect()
    }

    /// One of them.
    pub fn get(&self, name: &QualifiedName) -> Option<&Arc<ToolEntry>> {
        self.by_name.get(name)
    }

    /// The one that models call so.
    pub fn by_model_name(&self, name: &str) -> Option<&Arc<ToolEntry>> {
        self.by_model_name.get(name)
    }

    /// What of the plugins was not taken in, and why.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The same with these tools alone, in the same order. A name that is not there adds nothing: a set of tools can only
    /// shrink.
    #[must_use]
    pub fn restrict<'a>(&self, names: impl IntoIterator<Item = &'a QualifiedName>) -> Self {
        let names: HashSet<_> = names.into_iter().collect();
        let left = self.entries.iter();
        let left = left.filter(|entry| names.contains(entry.name())).cloned();
        Self::new(left.collect(), self.refused.clone())
    }

    /// The tool whose qualified name may have been meant.
    pub fn nearest(&self, name: &str) -> Option<&QualifiedName> {
        let names: Vec<_> = self.names().map(ToString::to_string).collect();
        let found = nearest(name, names.iter().map(String::as_str))?;
        self.names().find(|name| name.to_string() == found)
    }

    /// The tool's name that a model may have meant.
    pub(super) fn nearest_model_name(&self, name: &str) -> Option<&ModelName> {
        let mut names = self.entries.iter().map(|entry| entry.model_name());
        let found = nearest(name, names.clone().map(ModelName::as_str))?;
        names.find(|name| name.as_str() == found)
    }
}
