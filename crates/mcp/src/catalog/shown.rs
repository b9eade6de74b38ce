//! Definitions as the protocol has them: what their authors wrote, escaped and bounded as for models.

use portcullis_host_agent::core::{
    PromptArgument, PromptDefinition, ResourceDefinition, ResourceTemplate, ToolDefinition,
};
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::ToolEntry;
use rmcp::model::{self, JsonObject, ToolAnnotations};
use serde_json::Value;

/// How much of a description is told: what is longer is a document, and no description.
const DESCRIPTION_BYTES: usize = 8 * 1024;

pub(super) fn tool(entry: &ToolEntry, name: String) -> model::Tool {
    let spec = entry.spec();
    let mut tool = model::Tool::new(name, spec.description.clone(), object(&spec.input_schema));
    tool.title = entry.title();
    let definition = entry.definition();
    // Before 2026-07-28, an output schema is one of an object, and clients refuse any other.
    let output = definition.output_schema.as_ref();
    let output = output.filter(|schema| schema.get("type").is_some_and(|kind| kind == "object"));
    tool.output_schema = output.map(|schema| object(&escape::json(&schema.to_string())).into());
    tool.annotations = annotations(definition, entry.title());
    tool
}

pub(super) fn resource(of: &ResourceDefinition) -> model::Resource {
    let mut resource = model::Resource::new(of.uri.clone(), escape::line(&of.name));
    resource.title = of.title.as_deref().map(escape::line);
    resource.description = of.description.as_deref().map(description);
    resource.mime_type = of.media_type.clone();
    resource.size = of.size;
    resource
}

pub(super) fn template(of: &ResourceTemplate) -> model::ResourceTemplate {
    let mut template =
        model::ResourceTemplate::new(of.uri_template.clone(), escape::line(&of.name));
    template.title = of.title.as_deref().map(escape::line);
    template.description = of.description.as_deref().map(description);
    template.mime_type = of.media_type.clone();
    template
}

pub(super) fn prompt(of: &PromptDefinition, name: &str) -> model::Prompt {
    let arguments = of.arguments.iter().map(argument).collect();
    let description = of.description.as_deref().map(description);
    let mut prompt = model::Prompt::new(name, description, Some(arguments));
    prompt.title = of.title.as_deref().map(escape::line);
    prompt
}

fn argument(of: &PromptArgument) -> model::PromptArgument {
    let mut argument = model::PromptArgument::new(of.name.clone()).with_required(of.required);
    argument.title = of.title.as_deref().map(escape::line);
    argument.description = of.description.as_deref().map(description);
    argument
}

fn description(raw: &str) -> String {
    let kept = &raw[..raw.floor_char_boundary(DESCRIPTION_BYTES)];
    escape::text(kept).into_owned()
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
