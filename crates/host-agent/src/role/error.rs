//! Why something is no role, or can't be played.

use std::fmt;

use portcullis_host_core::PluginId;

use super::MAX_ROLES;
use crate::action::Refusal;

/// A role that a plugin brings and that is not taken. The plugin's others are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the role {name:?} of {plugin} is not taken: {}", joined(.faults))]
pub struct RefusedRole {
    /// The plugin.
    pub plugin: PluginId,
    /// What it calls the role, cut and escaped.
    pub name: String,
    /// All that is wrong with it.
    pub faults: Vec<RoleFault>,
}

/// What is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleFault {
    /// Its name is none.
    #[error(
        "a role's name is made of lower-case letters, digits, `-` and `_`, has a letter or a digit first and at most 64 \
         characters"
    )]
    Name,
    /// A text is empty, too long, or not one line that can be read.
    #[error("its {what} is one line of 1 to {max} bytes, without control or invisible characters")]
    Text {
        /// Which.
        what: &'static str,
        /// The most bytes.
        max: usize,
    },
    /// The prompt is too long.
    #[error("its prompt has {bytes} bytes, and {max} is the most: shorten it")]
    Prompt {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// It names too many tools.
    #[error("it names {count} tools, and {max} is the most: leave some out")]
    Tools {
        /// How many it names.
        count: usize,
        /// How many it may name.
        max: usize,
    },
    /// A tool's name is none.
    #[error("{tool:?} is no tool: name it `PLUGIN/TOOL`, or `native/TOOL`")]
    Tool {
        /// What was named, cut and escaped.
        tool: String,
    },
    /// It names a tool twice.
    #[error("it names `{tool}` twice: once is enough")]
    Twice {
        /// The tool.
        tool: String,
    },
    /// A role of its name is there.
    #[error("its plugin has another of that name: rename one")]
    Taken,
    /// Its plugin brings too many.
    #[error("its plugin brings more than {MAX_ROLES} roles")]
    TooMany,
}

/// Why a role can't be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// There is none of that name.
    #[error("there is no role {role:?}{}", hint(.nearest.as_deref()))]
    Unknown {
        /// What was named, cut and escaped.
        role: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// What it names is not there, or not its to use.
    #[error("the role `{role}` can't be played: {}", joined(.problems))]
    Unresolved {
        /// The role.
        role: String,
        /// All that is in the way.
        problems: Vec<RoleProblem>,
    },
}

/// One thing that is in a role's way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleProblem {
    /// No provider answers for its model.
    #[error("no provider has its model {model:?}: add a route for it")]
    NoModel {
        /// The model.
        model: String,
    },
    /// It names a tool that is not there.
    #[error("there is no tool `{tool}`{}", hint(.nearest.as_deref()))]
    NoTool {
        /// The tool.
        tool: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// It names a tool of another plugin, and its own may not call that.
    #[error("`{tool}` is another plugin's, and {plugin} was not granted `invoke:{tool}`")]
    NotGranted {
        /// The tool.
        tool: String,
        /// The role's plugin.
        plugin: PluginId,
    },
}

impl From<RoleError> for Refusal {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::Unknown { role, nearest } => Self::Unknown {
                what: "role",
                name: role,
                nearest,
            },
            error @ RoleError::Unresolved { .. } => Self::NotAllowed(error.to_string()),
        }
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn joined<T: fmt::Display>(all: &[T]) -> String {
    let all: Vec<_> = all.iter().map(T::to_string).collect();
    all.join("; ")
}
