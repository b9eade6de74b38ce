//! Roles: named sets of model, prompt and tools that an agent can play.
//!
//! Plugins bring them, and what a plugin wrote is not yet a role: [`Roles::new`] takes what can be one and refuses the rest.
//! Nor does a role that is there apply: [`Roles::resolve`] holds it against the models, tools and grants of the moment, and
//! gives it whole or not at all.

mod definition;
mod error;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use portcullis_host_core::{Capability, PluginId};
use portcullis_host_policy::{escape, nearest};
use serde::Serialize;

pub use definition::RoleDefinition;
pub use error::{RefusedRole, RoleError, RoleFault, RoleProblem};

/// The owner of tools that no plugin brings, in their qualified names.
const NATIVE: &str = "native";

/// How many roles a plugin may bring: a person still finds one in a list, and a list still fits a model's context.
pub const MAX_ROLES: usize = 64;

/// A role that can be listed. Whether it can be played is settled by [`Roles::resolve`], each time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// Its qualified name, `PLUGIN/ROLE`.
    pub name: String,
    /// The plugin that brings it.
    pub plugin: PluginId,
    /// The model that plays it.
    pub model: String,
    /// The system prompt, as its author wrote it: escape it where a person reads it.
    pub prompt: String,
    /// The tools that it may use, by qualified name, `PLUGIN/TOOL`.
    pub tools: Vec<String>,
    /// How much the model should reason, in its provider's words.
    pub thinking_level: Option<String>,
}

/// A role as people are shown it: escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleSummary {
    /// Its qualified name.
    pub name: String,
    /// The model that plays it.
    pub model: String,
    /// Its prompt.
    pub prompt: String,
    /// The tools that it may use, by qualified name.
    pub tools: Vec<String>,
    /// How much the model should reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking_level: Option<String>,
}

/// What a role is held against before it is played.
pub struct Available<'a> {
    /// Whether a provider answers for this model.
    pub has_model: &'a (dyn Fn(&str) -> bool + Sync),
    /// The qualified names of the tools that there are.
    pub tools: &'a BTreeSet<String>,
    /// Whether a plugin may use this, by its grants.
    pub permits: &'a (dyn Fn(&PluginId, &Capability) -> bool + Sync),
}

/// All roles of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Role>);

impl Roles {
    /// The roles that these definitions make, and those that they don't. Of two with one name the first stays: a newcomer takes
    /// nothing over.
    pub fn new(definitions: impl IntoIterator<Item = RoleDefinition>) -> (Self, Vec<RefusedRole>) {
        let mut roles = BTreeMap::<String, Role>::new();
        let mut counts = BTreeMap::<PluginId, usize>::new();
        let mut refused = Vec::new();
        for definition in definitions {
            let mut faults = definition.faults();
            let name = definition.qualified();
            if roles.contains_key(&name) {
                faults.push(RoleFault::Taken);
            }
            let count = counts.entry(definition.plugin.clone()).or_default();
            if *count >= MAX_ROLES {
                faults.push(RoleFault::TooMany);
            }
            if faults.is_empty() {
                *count += 1;
                roles.insert(name.clone(), definition.into_role(name));
            } else {
                refused.push(RefusedRole {
                    plugin: definition.plugin,
                    name: definition::shown(&definition.name),
                    faults,
                });
            }
        }
        (Self(roles), refused)
    }

    /// The role of this qualified name.
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.values()
    }

    /// All of them, by name, as people may be shown them.
    pub fn list(&self) -> Vec<RoleSummary> {
        self.iter().map(Role::summary).collect()
    }

    /// The role of this qualified name, if all that it names is there and may be used by it: a provider for its model, and each
    /// tool – one of its own plugin, a native one, or another plugin's for which its plugin was granted `invoke:PLUGIN/TOOL`.
    ///
    /// # Errors
    /// Where there is no such role, or it can't be played now; then with all that is in the way.
    pub fn resolve(&self, name: &str, available: &Available<'_>) -> Result<&Role, RoleError> {
        let role = self.get(name).ok_or_else(|| RoleError::Unknown {
            role: definition::shown(name),
            nearest: nearest(name, self.0.keys().map(String::as_str)).map(str::to_owned),
        })?;
        let problems = role.problems(available);
        if problems.is_empty() {
            return Ok(role);
        }
        Err(RoleError::Unresolved {
            role: role.name.clone(),
            problems,
        })
    }
}

impl Role {
    fn problems(&self, available: &Available<'_>) -> Vec<RoleProblem> {
        let model = (!(available.has_model)(&self.model)).then(|| RoleProblem::NoModel {
            model: escape::line(&self.model),
        });
        let tools = self.tools.iter();
        let tools = tools.filter_map(|tool| self.problem_with(tool, available));
        model.into_iter().chain(tools).collect()
    }

    fn problem_with(&self, tool: &str, available: &Available<'_>) -> Option<RoleProblem> {
        // Asked first, and of what is suggested too: else a role would be a way to ask which tools others have.
        if !self.may_use(tool, available) {
            return Some(RoleProblem::NotGranted {
                tool: tool.to_owned(),
                plugin: self.plugin.clone(),
            });
        }
        if available.tools.contains(tool) {
            return None;
        }
        let usable = available.tools.iter().map(String::as_str);
        let usable = usable.filter(|name| self.may_use(name, available));
        Some(RoleProblem::NoTool {
            tool: tool.to_owned(),
            nearest: nearest(tool, usable).map(str::to_owned),
        })
    }

    fn may_use(&self, tool: &str, available: &Available<'_>) -> bool {
        let owner = tool.split_once('/').map(|(owner, _)| owner);
        if owner.is_some_and(|owner| owner == NATIVE || owner == self.plugin.as_str()) {
            return true;
        }
        let invoke: Option<Capability> = format!("invoke:{tool}").parse().ok();
        invoke.is_some_and(|invoke| (available.permits)(&self.plugin, &invoke))
    }

    fn summary(&self) -> RoleSummary {
        RoleSummary {
            name: self.name.clone(),
            model: escape::line(&self.model),
            prompt: escape::text(&self.prompt).into_owned(),
            tools: self.tools.clone(),
            thinking_level: self.thinking_level.as_deref().map(escape::line),
        }
    }
}
