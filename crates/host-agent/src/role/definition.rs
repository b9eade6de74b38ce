//! What a plugin says of a role, and whether it can be one.

use std::collections::BTreeSet;

use portcullis_host_core::PluginId;
use portcullis_host_policy::escape;

use super::{Role, RoleFault};

/// Longest name of a role, as of a tool.
const MAX_NAME_BYTES: usize = 64;

/// Longest id of a model: the longest of today's, with a provider's and a publisher's name before it, have about a hundred.
const MAX_MODEL_BYTES: usize = 256;

/// Longest prompt: some 16,000 tokens, which is more than anybody reads, and no more than part of a model's context.
const MAX_PROMPT_BYTES: usize = 64 * 1024;

/// Most tools of a role: model APIs take about as many.
const MAX_TOOLS: usize = 128;

/// Longest qualified tool name: a plugin's id, `/`, and a tool's name.
const MAX_TOOL_BYTES: usize = PluginId::MAX_BYTES + 1 + MAX_NAME_BYTES;

/// Longest thinking level: it is a word such as `high`, or a number of tokens.
const MAX_THINKING_BYTES: usize = 64;

/// How much of a text that is no name is repeated in an error.
const SHOWN_CHARS: usize = 80;

/// A role as a plugin gives it; nothing of it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The plugin.
    pub plugin: PluginId,
    /// Unique within the plugin.
    pub name: String,
    /// The model that plays it.
    pub model: String,
    /// The system prompt.
    pub prompt: String,
    /// The tools that it may use, by qualified name, `PLUGIN/TOOL`.
    pub tools: Vec<String>,
    /// How much the model should reason, in its provider's words.
    pub thinking_level: Option<String>,
}

impl RoleDefinition {
    pub(super) fn qualified(&self) -> String {
        format!("{}/{}", self.plugin, self.name)
    }

    pub(super) fn into_role(self, name: String) -> Role {
        Role {
            name,
            plugin: self.plugin,
            model: self.model,
            prompt: self.prompt,
            tools: self.tools,
            thinking_level: self.thinking_level,
        }
    }

    /// All that is wrong with it by itself.
    pub(super) fn faults(&self) -> Vec<RoleFault> {
        let mut faults = Vec::new();
        if !is_name(&self.name) {
            faults.push(RoleFault::Name);
        }
        if !is_line(&self.model, MAX_MODEL_BYTES) {
            faults.push(RoleFault::Text {
                what: "model",
                max: MAX_MODEL_BYTES,
            });
        }
        if self.prompt.len() > MAX_PROMPT_BYTES {
            faults.push(RoleFault::Prompt {
                bytes: self.prompt.len(),
                max: MAX_PROMPT_BYTES,
            });
        }
        let level = self.thinking_level.as_deref();
        if level.is_some_and(|level| !is_line(level, MAX_THINKING_BYTES)) {
            faults.push(RoleFault::Text {
                what: "thinking level",
                max: MAX_THINKING_BYTES,
            });
        }
        faults.extend(self.faults_of_tools());
        faults
    }

    fn faults_of_tools(&self) -> Vec<RoleFault> {
        let count = self.tools.len();
        if count > MAX_TOOLS {
            let max = MAX_TOOLS;
            return vec![RoleFault::Tools { count, max }];
        }
        let mut seen = BTreeSet::new();
        let faults = self.tools.iter().filter_map(|tool| {
            if !is_tool(tool) {
                Some(RoleFault::Tool { tool: shown(tool) })
            } else if !seen.insert(tool) {
                Some(RoleFault::Twice { tool: tool.clone() })
            } else {
                None
            }
        });
        faults.collect()
    }
}

/// A hostile text, cut and escaped so that an error can repeat it.
pub(super) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_CHARS).collect();
    escape::line(&cut)
}

fn is_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= MAX_NAME_BYTES
        && name.bytes().next().is_some_and(inside)
        && name
            .bytes()
            .all(|byte| inside(byte) || matches!(byte, b'-' | b'_'))
}

/// What native tools are called is their program's choice, so that of the tool's own name only what no name has is refused.
fn is_tool(name: &str) -> bool {
    let Some((owner, tool)) = name.split_once('/') else {
        return false;
    };
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.len() <= MAX_TOOL_BYTES
        && owner.parse::<PluginId>().is_ok()
        && !tool.is_empty()
        && tool.bytes().all(inside)
}

fn is_line(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && escape::line(text) == text
}
