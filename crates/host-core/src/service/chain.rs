//! Plugins that call each other's tools: one deadline and one permit for all of them, no cycles, and an end to it.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::PluginId;

/// One call of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The plugin that was called.
    pub plugin: PluginId,
    /// What of it: a tool, or `hook NAME`.
    pub what: String,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.what)
    }
}

/// The calls that led to one, the first one first.
#[derive(Clone, Debug)]
pub struct Chain {
    links: Arc<[Link]>,
    deadline: Instant,
}

impl Chain {
    /// The most calls in a chain. Three plugins that build on each other are common; eight are a mistake.
    pub const DEPTH: usize = 8;

    /// A chain of one call, as a host begins one.
    pub fn of(link: Link, deadline: Instant) -> Self {
        Self {
            links: Arc::new([link]),
            deadline,
        }
    }

    /// The chain with one call more, which ends no later.
    pub(crate) fn and(&self, link: Link, deadline: Instant) -> Self {
        let links = self.links.iter().cloned().chain([link]);
        Self {
            links: links.collect(),
            deadline: deadline.min(self.deadline),
        }
    }

    /// The calls, the first one first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// When all of it ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether a plugin is in it: to call it once more would be a cycle.
    pub fn has(&self, plugin: &PluginId) -> bool {
        self.links.iter().any(|link| link.plugin == *plugin)
    }
}

/// `a/x → b/y`, for people.
impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, link) in self.links.iter().enumerate() {
            write!(f, "{}{link}", if at == 0 { "" } else { " → " })?;
        }
        Ok(())
    }
}
