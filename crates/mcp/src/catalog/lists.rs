//! The definitions that clients are told of, at one moment.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use portcullis_host_agent::core::PluginId;
use portcullis_host_agent::tool::QualifiedName;
use rmcp::model::{Prompt, Resource, ResourceTemplate, Tool};
use serde::Serialize;

use crate::principal::Principal;

/// All definitions at one moment. They keep no plugin loaded.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Names the moment, for cursors.
    pub(crate) generation: u64,
    pub(crate) tools: Vec<Item<Tool>>,
    pub(crate) resources: Vec<Item<Resource>>,
    pub(crate) templates: Vec<Item<ResourceTemplate>>,
    pub(crate) prompts: Vec<Item<Prompt>>,
}

/// One definition.
#[derive(Debug)]
pub(crate) struct Item<T> {
    shown: T,
    whose: Whose,
    digest: u64,
}

/// By what it is decided who sees a definition.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// A tool, of a plugin or of the host's own.
    Tool(Option<PluginId>, QualifiedName),
    /// Anything else of a plugin.
    Plugin(PluginId),
}

/// What is told apart when something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) tools: u64,
    /// Of templates too: the protocol has one notification for both.
    pub(crate) resources: u64,
    pub(crate) prompts: u64,
}

impl Lists {
    /// Nothing yet.
    pub(super) fn new(generation: u64) -> Self {
        Self {
            generation,
            ..Self::default()
        }
    }

    /// What somebody sees of them, in short.
    pub(crate) fn digests(&self, of: &Principal) -> Digests {
        let resources = (digest(&self.resources, of), digest(&self.templates, of));
        Digests {
            tools: digest(&self.tools, of),
            resources: hash(&resources),
            prompts: digest(&self.prompts, of),
        }
    }
}

impl<T: Serialize> Item<T> {
    pub(crate) fn new(shown: T, whose: Whose) -> Self {
        // Of strings and JSON: there is nothing that could fail.
        let digest = hash(&serde_json::to_string(&shown).unwrap_or_default());
        Self {
            shown,
            whose,
            digest,
        }
    }
}

impl<T> Item<T> {
    /// What somebody is told of it, if it is there for them.
    pub(crate) fn seen_by(&self, principal: &Principal) -> Option<&T> {
        self.whose.is_for(principal).then_some(&self.shown)
    }
}

impl Whose {
    pub(crate) fn is_for(&self, principal: &Principal) -> bool {
        match self {
            Self::Tool(plugin, tool) => principal.may_call(plugin.as_ref(), tool),
            Self::Plugin(plugin) => principal.sees(plugin),
        }
    }
}

fn digest<T>(items: &[Item<T>], of: &Principal) -> u64 {
    let seen = items.iter().filter(|item| item.whose.is_for(of));
    hash(&seen.map(|item| item.digest).collect::<Vec<_>>())
}

fn hash(of: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
