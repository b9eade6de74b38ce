//! Plugins that call each other's tools: one deadline and one permit for all of them, no cycles, and an end to it.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::PluginId;
use crate::error::Error;

/// One call of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The plugin that was called.
    pub plugin: PluginId,
    /// What of it: a tool, or `hook NAME`.
    pub what: String,
}

impl Link {
    pub(crate) fn new(plugin: &PluginId, what: &str) -> Self {
        Self {
            plugin: plugin.clone(),
            what: what.to_owned(),
        }
    }
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
    ///
    /// # Errors
    /// [`Error::Chain`] where it would be a cycle, or too long.
    pub(crate) fn and(&self, link: Link, deadline: Instant) -> Result<Self, Error> {
        let problem = if self.has(&link.plugin) {
            "a plugin can't be called by what it called itself".to_owned()
        } else if self.links.len() >= Self::DEPTH {
            format!(
                "more than {} plugins would wait for each other",
                Self::DEPTH
            )
        } else {
            let links = self.links.iter().cloned().chain([link]);
            return Ok(Self {
                links: links.collect(),
                deadline: deadline.min(self.deadline),
            });
        };
        Err(Error::Chain {
            call: format!("{self} → {link}"),
            problem,
        })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn link(plugin: &str) -> Link {
        Link::new(&plugin.parse().unwrap(), "x")
    }

    #[tokio::test]
    async fn a_chain_ends_with_its_first_call_and_knows_no_cycle() {
        let soon = Instant::now() + Duration::from_secs(1);
        let chain = Chain::of(link("a"), soon);
        let longer = chain.and(link("b"), soon + Duration::from_secs(9)).unwrap();
        assert_eq!(
            (longer.deadline(), longer.to_string()),
            (soon, "a/x → b/x".into())
        );
        let cycle = longer.and(link("a"), soon).unwrap_err().to_string();
        assert!(cycle.contains("a/x → b/x → a/x"), "{cycle}");
    }

    #[tokio::test]
    async fn a_chain_has_a_greatest_depth() {
        let soon = Instant::now() + Duration::from_secs(1);
        let mut chain = Chain::of(link("p0"), soon);
        for at in 1..Chain::DEPTH {
            chain = chain.and(link(&format!("p{at}")), soon).unwrap();
        }
        assert!(chain.and(link("more"), soon).is_err());
    }
}
