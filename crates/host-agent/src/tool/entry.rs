//! A tool in its place among all others.

use std::fmt;
use std::sync::{Arc, OnceLock};

use portcullis_contract::chat::ToolSpec;
use portcullis_host_core::{
    ArgumentMistake, Digest, Error, Identity, Plugin, Schema, ToolDefinition,
};
use portcullis_host_policy::escape;
use serde_json::Value;

use super::plugin::PluginTool;
use super::{ModelName, NameError, QualifiedName, Tool, shown};

/// How much of a description a model sees. It reads all of them before each answer; this is some two thousand tokens for one.
const DESCRIPTION_BYTES: usize = 8 * 1024;

/// How much of a title a person sees: one line.
const TITLE_BYTES: usize = 120;

/// A tool as a [`ToolSnapshot`](super::ToolSnapshot) holds it: with its names, and checked.
pub struct ToolEntry {
    name: QualifiedName,
    model_name: ModelName,
    spec: ToolSpec,
    schema: OnceLock<Schema>,
    pub(super) tool: Arc<dyn Tool>,
    owner: Owner,
}

/// Who stands behind a tool, as approvals know it.
enum Owner {
    Native,
    Plugin { plugin: Plugin, surface: Digest },
}

impl ToolEntry {
    /// An entry for a native tool, whose schema can be used.
    pub(super) fn of_native(
        tool: Arc<dyn Tool>,
        name: QualifiedName,
        schema: Schema,
    ) -> Result<Self, NameError> {
        let entry = Self::new(tool, name, Owner::Native)?;
        let _ = entry.schema.set(schema);
        Ok(entry)
    }

    /// An entry for a plugin's tool. Its schema could be used when the plugin was loaded, and is compiled when it is needed.
    pub(super) fn of_plugin(tool: PluginTool, surface: Digest) -> Result<Self, NameError> {
        let plugin = tool.plugin().clone();
        let name = QualifiedName::of_plugin(plugin.id(), &tool.definition().name)?;
        Self::new(Arc::new(tool), name, Owner::Plugin { plugin, surface })
    }

    fn new(tool: Arc<dyn Tool>, name: QualifiedName, owner: Owner) -> Result<Self, NameError> {
        let model_name = ModelName::of(&name)?;
        let definition = tool.definition();
        let schema = definition.input_schema.to_string();
        let spec = ToolSpec {
            name: model_name.to_string(),
            description: shown::text(&definition.description, DESCRIPTION_BYTES).text,
            input_schema: escape::json(&schema).into_owned(),
        };
        Ok(Self {
            name,
            model_name,
            spec,
            schema: OnceLock::new(),
            tool,
            owner,
        })
    }

    /// What people, programs and grants call it.
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// What models call it.
    pub fn model_name(&self) -> &ModelName {
        &self.model_name
    }

    /// What its author says of it, as the author wrote it: escape it for people and models.
    pub fn definition(&self) -> &ToolDefinition {
        self.tool.definition()
    }

    /// What a model is told of it: escaped, and bounded.
    pub fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// What its author calls it for people: escaped, in one line, and bounded.
    pub fn title(&self) -> Option<String> {
        let title = self.definition().title.as_deref()?;
        Some(shown::line(title, TITLE_BYTES))
    }

    /// The plugin that it is of; none for a native tool.
    pub fn plugin(&self) -> Option<&Plugin> {
        match &self.owner {
            Owner::Native => None,
            Owner::Plugin { plugin, .. } => Some(plugin),
        }
    }

    /// Who the plugin is, and what it showed of itself.
    pub(super) fn provenance(&self) -> Option<(Identity, Digest)> {
        match &self.owner {
            Owner::Native => None,
            Owner::Plugin { plugin, surface } => Some((plugin.identity(), *surface)),
        }
    }

    /// Checks arguments against the schema.
    ///
    /// # Errors
    /// [`Error::InvalidArguments`].
    pub(super) fn check(&self, arguments: &Value) -> Result<(), Error> {
        let mistakes = self.schema()?.mistakes(arguments);
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(self.invalid(mistakes))
        }
    }

    /// The error for arguments that are wrong there.
    pub(super) fn invalid(&self, mistakes: Vec<ArgumentMistake>) -> Error {
        let tool = self.name.to_string();
        Error::InvalidArguments { tool, mistakes }
    }

    fn schema(&self) -> Result<&Schema, Error> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema);
        }
        let schema = Schema::compile(&self.definition().input_schema);
        let schema = schema.map_err(|reason| Error::Host { reason })?;
        Ok(self.schema.get_or_init(|| schema))
    }
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolEntry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
