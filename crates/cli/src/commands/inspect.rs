//! `portcullis inspect`: everything that a host knows of a plugin.

use super::describe::{Examined, examine, row, surface};
use crate::args::{FileArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::output::{self, DIM, HEADING};
use bytesize::ByteSize;
use portcullis_host_core::{Definitions, Inspection, Manifest, PromptDefinition, ToolDefinition};
use serde_json::{Value, json};

/// Shows the plugin. Where it can't be loaded its tools are not known: the rest is shown, then the reason is the error.
pub(crate) fn run(args: &FileArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let Examined { seen, brings } = examine(args, format, verbose)?;
    let seen = seen?;
    let known = brings.as_ref().ok();
    match format {
        Format::Json => output::json(&as_json(&seen, known))?,
        Format::Text => output::text(&as_text(&seen, known)?)?,
    }
    brings.map(|_| ()).map_err(CliError::from)
}

fn as_json(seen: &Inspection, brings: Option<&Definitions>) -> Value {
    json!({
        "id": seen.id,
        "digest": seen.digest,
        "sizes": seen.sizes,
        "manifest": seen.manifest,
        "imports": seen.imports,
        "exports": seen.exports,
        "tools": brings.map(|brings| &brings.tools),
        "hooks": brings.map(|brings| &brings.hooks),
        "providers": brings.map(|brings| &brings.providers),
        "roles": brings.map(|brings| &brings.roles),
        "functions": brings.map(|brings| &brings.functions),
        "leftOut": brings.map(|brings| &brings.left_out),
        "resources": brings.map(|brings| &brings.resources),
        "resourceTemplates": brings.map(|brings| &brings.resource_templates),
        "prompts": brings.map(|brings| &brings.prompts),
    })
}

fn as_text(seen: &Inspection, brings: Option<&Definitions>) -> Result<String, CliError> {
    let sizes = &seen.sizes;
    let size = format!(
        "{} (code {}, data {}, custom sections {}; {} functions)",
        ByteSize(sizes.component),
        ByteSize(sizes.code),
        ByteSize(sizes.data),
        ByteSize(sizes.custom),
        sizes.functions
    );
    let mut text = row("plugin", [seen.id.as_str()])
        + &row("digest", [seen.digest.to_string()])
        + &row("size", [size]);
    text += &surface(seen);
    if let Some(manifest) = &seen.manifest {
        text += &format!(
            "\n{HEADING}manifest{HEADING:#}\n{}",
            indented(&manifest_text(manifest))
        );
    }
    if let Some(brings) = brings {
        text += &brought(brings)?;
    }
    Ok(text)
}

/// Everything that a plugin brings, in full.
pub(super) fn brought(brings: &Definitions) -> Result<String, CliError> {
    let mut text = String::new();
    for tool in &brings.tools {
        text += &tool_text(tool)?;
    }
    text += &functions(brings);
    for hook in &brings.hooks {
        let name = escape::line(&hook.name);
        text += &format!(
            "\n{HEADING}hook {name}{HEADING:#} {DIM}[{}]{DIM:#}\n",
            hook.mode
        );
        text += &indented(&format!(
            "at {}, phase {}, priority {}",
            hook.point, hook.phase, hook.priority
        ));
    }
    for provider in &brings.providers {
        let title = provider
            .title
            .iter()
            .map(|title| format!(" – {}", escape::line(title)));
        let name = escape::line(&provider.name) + &title.collect::<String>();
        text += &format!("\n{HEADING}provider {name}{HEADING:#}\n");
        text += &indented(&provider.description);
    }
    for role in &brings.roles {
        let name = escape::line(&role.name);
        text += &format!("\n{HEADING}role {name}{HEADING:#}\n");
        text += &indented(&format!(
            "model {}\ntools {}\n{}",
            role.model,
            role.tools.join(", "),
            role.prompt
        ));
    }
    for resource in &brings.resources {
        text += &readable("resource", &resource.name, resource.title.as_deref());
        text += &described(resource.description.as_deref());
        text += &at(&resource.uri, resource.media_type.as_deref());
    }
    for template in &brings.resource_templates {
        text += &readable(
            "resource template",
            &template.name,
            template.title.as_deref(),
        );
        text += &described(template.description.as_deref());
        text += &at(&template.uri_template, template.media_type.as_deref());
        for one in &template.variables {
            text += &variable(&one.name, "", one.description.as_deref(), &one.values);
        }
    }
    for prompt in &brings.prompts {
        text += &prompt_text(prompt);
    }
    Ok(text)
}

/// Which tool is which function of the component's own, and what is none.
fn functions(brings: &Definitions) -> String {
    let mut text = String::new();
    for function in &brings.functions {
        let path = escape::line(&function.function);
        text += &format!("\n{HEADING}function {path}{HEADING:#}\n");
        text += &indented(&format!("tool {}\n{}", function.tool, function.signature));
    }
    for out in &brings.left_out {
        let path = escape::line(&out.function);
        text += &format!("\n{HEADING}function {path}{HEADING:#} {DIM}[left out]{DIM:#}\n");
        text += &indented(&out.reason);
    }
    text
}

fn prompt_text(prompt: &PromptDefinition) -> String {
    let mut text = readable("prompt", &prompt.name, prompt.title.as_deref());
    text += &described(prompt.description.as_deref());
    for one in &prompt.arguments {
        let mark = if one.required { " (required)" } else { "" };
        text += &variable(&one.name, mark, one.description.as_deref(), &one.values);
    }
    text
}

/// A heading with a kind, a name and a title.
fn readable(kind: &str, name: &str, title: Option<&str>) -> String {
    let name = escape::line(name);
    let title = title.map(|title| format!(" – {}", escape::line(title)));
    let title = title.unwrap_or_default();
    format!("\n{HEADING}{kind} {name}{HEADING:#}{title}\n")
}

fn described(description: Option<&str>) -> String {
    description.map(indented).unwrap_or_default()
}

/// Where something is, and what it is.
fn at(address: &str, media_type: Option<&str>) -> String {
    let media_type = media_type.map(|media_type| format!(" {media_type}"));
    indented(&format!("at {address}{}", media_type.unwrap_or_default()))
}

/// A variable of a template, or an argument of a prompt.
fn variable(name: &str, mark: &str, description: Option<&str>, values: &[String]) -> String {
    let description = description.map(|description| format!(": {description}"));
    let mut text = format!("{name}{mark}{}", description.unwrap_or_default());
    if !values.is_empty() {
        text += &format!(" [{}]", values.join(", "));
    }
    indented(&text)
}

/// The manifest as its file would say it.
pub(super) fn manifest_text(manifest: &Manifest) -> String {
    toml::to_string(manifest).unwrap_or_else(|_| format!("{:#}", manifest.to_json()))
}

fn tool_text(tool: &ToolDefinition) -> Result<String, CliError> {
    let hints = tool
        .annotations
        .iter()
        .filter(|(_, value)| *value == "true")
        .map(|(key, _)| key.as_str());
    let streams = [
        (tool.streams.input, "streams input"),
        (tool.streams.output, "streams output"),
    ];
    let streams = streams
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, what)| what);
    let notes = hints
        .chain(streams)
        .map(|note| format!(" [{}]", escape::line(note)))
        .collect::<String>();
    let title = tool
        .title
        .iter()
        .map(|title| format!(" – {}", escape::line(title)))
        .collect::<String>();
    let name = escape::line(&tool.name);
    let mut text = format!("\n{HEADING}tool {name}{HEADING:#}{title}{DIM}{notes}{DIM:#}\n");
    text += &indented(&tool.description);
    text += &indented(&format!("input {}", output::pretty(&tool.input_schema)?));
    if let Some(schema) = &tool.output_schema {
        text += &indented(&format!("output {}", output::pretty(schema)?));
    }
    Ok(text)
}

/// Text from the plugin, each line moved in.
pub(super) fn indented(text: &str) -> String {
    escape::text(text)
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect()
}
