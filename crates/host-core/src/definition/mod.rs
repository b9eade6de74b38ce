//! What a plugin says of itself, checked before anybody sees it.

mod agent;
mod prompt;
mod resource;
mod tool;

use std::collections::HashSet;

use portcullis_contract::chat::ProviderDefinition;
use portcullis_contract::hook::{Mode, Phase};
use serde::{Deserialize, Serialize};

pub(crate) use tool::Tool;

use crate::bindings::v0_1::exports::portcullis::role::roles as role;
use crate::bindings::v0_1::portcullis::chat::chat_types as chat;
use crate::bindings::v0_1::portcullis::hook::hook_types as hook;
use crate::bindings::v0_1::portcullis::prompt::prompt_types;
use crate::bindings::v0_1::portcullis::resource::resource_types;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::{
    Error, LoadLimits, PromptDefinition, ResourceDefinition, ResourceTemplate, ToolDefinition,
};

/// The longest name that model APIs take.
const NAME_BYTES: usize = 64;

const NAME_REMEDY: &str = "use 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter or digit";

/// Everything that a plugin brings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Definitions {
    /// Its tools, in its own order.
    pub tools: Vec<ToolDefinition>,
    /// Its handlers of hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookDefinition>,
    /// Its model providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderDefinition>,
    /// Its roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleDefinition>,
    /// What can be read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceDefinition>,
    /// Families of what can be read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_templates: Vec<ResourceTemplate>,
    /// Its prompts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<PromptDefinition>,
    /// Which of its tools is which of its functions, where it exports functions of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionDefinition>,
    /// What it exports and brings no tool for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// An exported function that is a tool by its types, of a component without an interface of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FunctionDefinition {
    /// The tool's name.
    pub tool: String,
    /// As the component names it: `ns:package/interface@1.0.0/function`, or `function`.
    pub function: String,
    /// Its types, as WIT would say them.
    pub signature: String,
}

/// An exported function that can't be called by its types, of a component without an interface of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// As the component names it: `ns:package/interface@1.0.0/function`, or `function`.
    pub function: String,
    /// Why there is no tool for it.
    pub reason: String,
}

/// One handler for one point of an agent's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HookDefinition {
    /// Unique within the plugin.
    pub name: String,
    /// The point's name.
    pub point: String,
    /// What it wants to do there; whether it may is a matter of grants.
    pub mode: Mode,
    /// Among which handlers it runs.
    pub phase: Phase,
    /// Lower runs first within a phase.
    pub priority: i32,
}

/// A named set of model, prompt and tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoleDefinition {
    /// Unique within the plugin.
    pub name: String,
    /// The model that plays it.
    pub model: String,
    /// The system prompt.
    pub prompt: String,
    /// Qualified names of the tools that it may use.
    pub tools: Vec<String>,
    /// How much the model should reason, in the provider's words.
    pub thinking_level: Option<String>,
}

/// What a plugin answered when it was asked what it brings.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) tools: Vec<wit::ToolDefinition>,
    pub(crate) hooks: Vec<hook::Subscription>,
    pub(crate) providers: Vec<chat::ProviderDefinition>,
    pub(crate) roles: Vec<role::Role>,
    pub(crate) resources: Vec<resource_types::ResourceDefinition>,
    pub(crate) resource_templates: Vec<resource_types::TemplateDefinition>,
    pub(crate) prompts: Vec<prompt_types::PromptDefinition>,
}

/// Checks all definitions of a plugin.
///
/// # Errors
/// [`Error::Definition`] for the first that can't be offered as it is, [`Error::LoadLimit`] where there is too much.
pub(crate) fn check(listed: Listed, limits: &LoadLimits) -> Result<Definitions, Error> {
    let bytes = listed.tools.iter().map(tool::size).sum::<u64>()
        + agent::size(&listed)
        + resource::size(&listed.resources, &listed.resource_templates)
        + prompt::size(&listed.prompts);
    within("definition-bytes", limits.definition_bytes, bytes)?;
    let (resources, resource_templates) =
        resource::check(listed.resources, listed.resource_templates, limits)?;
    Ok(Definitions {
        tools: tool::check(listed.tools, limits)?,
        hooks: agent::hooks(listed.hooks, limits)?,
        providers: agent::providers(listed.providers, limits)?,
        roles: agent::roles(listed.roles, limits)?,
        resources,
        resource_templates,
        prompts: prompt::check(listed.prompts, limits)?,
        // Made of a component's types, not listed.
        functions: Vec::new(),
        left_out: Vec::new(),
    })
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= NAME_BYTES
        && name.bytes().next().is_some_and(letter)
        && name
            .bytes()
            .all(|byte| letter(byte) || matches!(byte, b'_' | b'-'))
}

const VALUE_REMEDY: &str =
    "give each value once, and none that is empty; or no values for any text";

/// Whether what can be offered for a variable or an argument is worth offering.
fn has_text_values(values: &[String]) -> bool {
    let differ: HashSet<_> = values.iter().collect();
    differ.len() == values.len() && values.iter().all(|value| !value.is_empty())
}

/// Longest media type: twice the 127 bytes that RFC 6838 allows on each side of the `/`, and a parameter.
const MEDIA_TYPE_BYTES: usize = 320;

/// Whether it is `type/subtype`, with or without parameters, and nothing that a header would choke on.
pub(crate) fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*%'|~`".contains(&byte);
        !part.is_empty() && part.bytes().all(fits)
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let halves = essence.trim_end().split_once('/');
    text.len() <= MEDIA_TYPE_BYTES
        && halves.is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        && parameters.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn optional(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

/// Texts that have to differ.
struct Checked {
    seen: HashSet<String>,
    what: &'static str,
}

impl Checked {
    /// `what` goes on from "there are two".
    fn new(what: &'static str) -> Self {
        let seen = HashSet::new();
        Self { seen, what }
    }

    fn names() -> Self {
        Self::new("of this name")
    }

    /// Refuses a text that was there before.
    fn take(&mut self, kind: &str, text: &str) -> Result<(), Error> {
        if self.seen.insert(text.to_owned()) {
            return Ok(());
        }
        let (problem, remedy) = (
            format!("there are two {}", self.what),
            "give each one of its own",
        );
        Err(wrong(kind, text, &problem, remedy))
    }
}

/// What is wrong with a definition that is no tool's.
fn wrong(kind: &str, name: &str, problem: &str, remedy: &'static str) -> Error {
    Error::Definition {
        tool: None,
        problem: format!("{kind} {name:?}: {problem}"),
        remedy,
    }
}

/// Refuses what is beyond a limit of a load.
pub(crate) fn within(limit: &'static str, allowed: u64, found: u64) -> Result<(), Error> {
    if found <= allowed {
        Ok(())
    } else {
        Err(Error::LoadLimit {
            limit,
            allowed,
            found,
        })
    }
}
