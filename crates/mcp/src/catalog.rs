//! What the plugins have, as clients see it.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_host_agent::core::ToolDefinition;
use portcullis_host_agent::escape;
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::tool::ToolEntry;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::Value;

use crate::endpoint::Naming;
use crate::principal::Principal;

/// Everything at one moment. It never changes.
#[derive(Debug)]
pub(crate) struct Catalog {
    snapshot: Arc<ExtensionSnapshot>,
    tools: Vec<ListedTool>,
    by_name: HashMap<String, usize>,
}

/// A tool and what is told of it.
#[derive(Debug)]
pub(crate) struct ListedTool {
    pub(crate) entry: Arc<ToolEntry>,
    pub(crate) shown: Tool,
}

impl Catalog {
    pub(crate) fn new(snapshot: &Arc<ExtensionSnapshot>, naming: Naming) -> Self {
        let mut tools = Vec::new();
        let mut by_name = HashMap::new();
        for entry in snapshot.tools.entries() {
            let name = match naming {
                Naming::Qualified => entry.model_name().to_string(),
                Naming::Own => entry.name().tool().to_owned(),
            };
            if by_name.contains_key(&name) {
                tracing::warn!("{} is left out: another tool is called {name}", entry.name());
                continue;
            }
            by_name.insert(name.clone(), tools.len());
            let (entry, shown) = (Arc::clone(entry), shown(entry, name));
            tools.push(ListedTool { entry, shown });
        }
        Self {
            snapshot: Arc::clone(snapshot),
            tools,
            by_name,
        }
    }

    pub(crate) fn is_of(&self, snapshot: &Arc<ExtensionSnapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
    }

    /// The tools that are there for somebody.
    pub(crate) fn tools<'a>(&'a self, of: &'a Principal) -> impl Iterator<Item = &'a Tool> {
        let tools = self.tools.iter().filter(|tool| tool.is_for(of));
        tools.map(|tool| &tool.shown)
    }

    /// The tool that somebody calls so.
    pub(crate) fn tool(&self, name: &str, of: &Principal) -> Option<&ListedTool> {
        let tool = &self.tools[*self.by_name.get(name)?];
        tool.is_for(of).then_some(tool)
    }
}

impl ListedTool {
    fn is_for(&self, principal: &Principal) -> bool {
        let plugin = self.entry.plugin().map(|plugin| plugin.id());
        principal.may_call(plugin, self.entry.name())
    }
}

/// What is told of a tool: what its author wrote, escaped and bounded as for models.
fn shown(entry: &ToolEntry, name: String) -> Tool {
    let spec = entry.spec();
    let mut tool = Tool::new(name, spec.description.clone(), object(&spec.input_schema));
    tool.title = entry.title();
    let definition = entry.definition();
    // Before 2026-07-28, an output schema is one of an object, and clients refuse any other.
    let output = definition.output_schema.as_ref();
    let output = output.filter(|schema| schema.get("type").is_some_and(|kind| kind == "object"));
    tool.output_schema = output.map(|schema| object(&escape::json(&schema.to_string())).into());
    tool.annotations = annotations(definition, entry.title());
    tool
}

/// An object that was written out, of a schema that was checked.
fn object(json: &str) -> JsonObject {
    match serde_json::from_str(json) {
        Ok(Value::Object(object)) => object,
        _ => JsonObject::new(),
    }
}

/// The author's hints; what the author said nothing about is left to the protocol's defaults.
fn annotations(definition: &ToolDefinition, title: Option<String>) -> Option<ToolAnnotations> {
    let hint = |key: &str| definition.annotations.get(key).map(|value| value == "true");
    let hints = ToolAnnotations::from_raw(
        title,
        hint("read-only"),
        hint("destructive"),
        hint("idempotent"),
        hint("open-world"),
    );
    (hints != ToolAnnotations::new()).then_some(hints)
}
