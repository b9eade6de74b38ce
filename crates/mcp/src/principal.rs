//! Who a client is, and what it may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_host_agent::core::PluginId;
use portcullis_host_agent::tool::{QualifiedName, ToolPattern};

/// Who a client is, and which plugins and tools are there for it. What it may not see is not there: it is neither listed nor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its name, in records and in what plugins keep for it.
    pub name: String,
    /// The plugins; none stands for all.
    pub plugins: Option<BTreeSet<PluginId>>,
    /// The tools of those plugins; none stands for all.
    pub tools: Option<Vec<ToolPattern>>,
    /// Whether what plugins keep for it is kept apart from what they keep for others, and for their operator.
    pub apart: bool,
}

impl Principal {
    /// One that sees everything: who started the process, or somebody whom the operator trusts as much.
    pub fn of_everything(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            plugins: None,
            tools: None,
            apart: false,
        }
    }

    /// On whose behalf its calls are made.
    pub(crate) fn behalf(&self) -> Option<Arc<str>> {
        self.apart.then(|| Arc::from(self.name.as_str()))
    }

    /// Whether a plugin is there for it: its resources and prompts.
    pub fn sees(&self, plugin: &PluginId) -> bool {
        let plugins = self.plugins.as_ref();
        plugins.is_none_or(|plugins| plugins.contains(plugin))
    }

    /// Whether a tool is there for it, of a plugin that is, or of the host's own where `plugin` is none.
    pub fn may_call(&self, plugin: Option<&PluginId>, tool: &QualifiedName) -> bool {
        let matches = |patterns: &Vec<ToolPattern>| patterns.iter().any(|one| one.matches(tool));
        plugin.is_none_or(|plugin| self.sees(plugin)) && self.tools.as_ref().is_none_or(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_for_an_empty_set() {
        let (id, tool) = ("org.a".parse().unwrap(), "org.a/one".parse().unwrap());
        let all = Principal::of_everything("me");
        assert!(all.sees(&id) && all.may_call(Some(&id), &tool));
        let no_plugins = Principal {
            plugins: Some(BTreeSet::new()),
            ..all.clone()
        };
        assert!(!no_plugins.sees(&id) && !no_plugins.may_call(Some(&id), &tool));
        let no_tools = Principal {
            tools: Some(Vec::new()),
            ..all
        };
        assert!(no_tools.sees(&id) && !no_tools.may_call(Some(&id), &tool));
    }

    #[test]
    fn a_tool_is_there_where_its_plugin_is_and_a_pattern_fits() {
        let (a, b) = ("org.a".parse().unwrap(), "org.b".parse().unwrap());
        let principal = Principal {
            name: "me".to_owned(),
            plugins: Some(BTreeSet::from([a])),
            tools: Some(vec![
                "org.a/read_*".parse().unwrap(),
                "org.b/*".parse().unwrap(),
            ]),
            apart: false,
        };
        let a = principal.plugins.iter().flatten().next().unwrap();
        let may = |plugin, tool: &str| principal.may_call(Some(plugin), &tool.parse().unwrap());
        assert!(may(a, "org.a/read_it"));
        assert!(!may(a, "org.a/write"));
        assert!(!may(&b, "org.b/read_it"));
    }
}
