//! Prompts: what plugins have for people to begin a conversation with, each under a name of its own.

use std::collections::{BTreeMap, HashMap};

use portcullis_host_core::{Error, Plugin, PluginId, PromptDefinition, PromptOutput};

use crate::tool::{CallScope, ModelName, NameError, QualifiedName};

/// A prompt, with its names, and the plugin that has it.
#[derive(Clone, Debug)]
pub struct PromptEntry {
    name: QualifiedName,
    model_name: ModelName,
    plugin: Plugin,
    definition: PromptDefinition,
}

impl PromptEntry {
    fn new(plugin: &Plugin, definition: &PromptDefinition) -> Result<Self, NameError> {
        let name = QualifiedName::of_plugin(plugin.id(), &definition.name)?;
        Ok(Self {
            model_name: ModelName::of(&name)?,
            name,
            plugin: plugin.clone(),
            definition: definition.clone(),
        })
    }

    /// What people and programs call it: `PLUGIN/PROMPT`.
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// What it is called where names are as those that models take: `plugin__prompt`, as a tool would be.
    pub fn model_name(&self) -> &ModelName {
        &self.model_name
    }

    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What its author says of it: escape it for people and models.
    pub fn definition(&self) -> &PromptDefinition {
        &self.definition
    }

    /// Has the plugin make it of these arguments. Dropping the future ends the call.
    ///
    /// # Errors
    /// Those of [`Plugin::prompt`].
    pub async fn get(
        &self,
        arguments: BTreeMap<String, String>,
        scope: &CallScope,
    ) -> Result<PromptOutput, Error> {
        let options = scope.options(&self.plugin);
        self.plugin
            .prompt(&self.definition.name, arguments, options)
            .await
    }
}

/// A prompt that can't be named. The plugin's others are there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the prompt {prompt:?} of {plugin} can't be had: {reason}")]
pub struct RefusedPrompt {
    /// Whose it is.
    pub plugin: PluginId,
    /// What its author calls it.
    pub prompt: String,
    /// Why not.
    pub reason: NameError,
}

/// The prompts of all plugins as they were at one moment.
#[derive(Debug, Default)]
pub struct Prompts {
    entries: Vec<PromptEntry>,
    by_model_name: HashMap<ModelName, usize>,
}

impl Prompts {
    /// The prompts of these plugins, each of an id of its own, and those that are not taken in.
    pub(crate) fn new<'a>(plugins: impl Iterator<Item = &'a Plugin>) -> (Self, Vec<RefusedPrompt>) {
        let (mut prompts, mut refused) = (Self::default(), Vec::new());
        for plugin in plugins {
            for definition in plugin.prompts() {
                match PromptEntry::new(plugin, definition) {
                    Ok(entry) => prompts.push(entry),
                    Err(reason) => refused.push(RefusedPrompt {
                        plugin: plugin.id().clone(),
                        prompt: definition.name.clone(),
                        reason,
                    }),
                }
            }
        }
        (prompts, refused)
    }

    /// No two of plugins with different ids have the same name, nor two of one plugin.
    fn push(&mut self, entry: PromptEntry) {
        let at = self.entries.len();
        self.by_model_name.insert(entry.model_name.clone(), at);
        self.entries.push(entry);
    }

    /// All of them, by plugin, each plugin's in its own order.
    pub fn entries(&self) -> &[PromptEntry] {
        &self.entries
    }

    /// The one of this name.
    pub fn get(&self, name: &QualifiedName) -> Option<&PromptEntry> {
        self.entries.iter().find(|entry| entry.name == *name)
    }

    /// The one that is called so where names are as those that models take.
    pub fn by_model_name(&self, name: &str) -> Option<&PromptEntry> {
        let at = self.by_model_name.get(name)?;
        self.entries.get(*at)
    }
}
