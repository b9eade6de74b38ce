//! `portcullis inspect`: everything that a host knows of a plugin.

use super::describe::{Examined, examine, row, surface};
use crate::args::{FileArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::output::{self, DIM, HEADING};
use bytesize::ByteSize;
use portcullis_host_core::{Inspection, Manifest, ToolDefinition};
use serde_json::{Value, json};

/// Shows the plugin. Where it can't be loaded its tools are not known: the rest is shown, then the reason is the error.
pub(crate) fn run(args: &FileArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let Examined { seen, tools: asked } = examine(args, format, verbose)?;
    let seen = seen?;
    let tools = asked.as_deref().ok();
    match format {
        Format::Json => output::json(&as_json(&seen, tools))?,
        Format::Text => output::text(&as_text(&seen, tools)?)?,
    }
    asked.map(|_| ()).map_err(CliError::from)
}

fn as_json(seen: &Inspection, tools: Option<&[ToolDefinition]>) -> Value {
    json!({
        "id": seen.id,
        "digest": seen.digest,
        "sizes": seen.sizes,
        "manifest": seen.manifest,
        "imports": seen.imports,
        "exports": seen.exports,
        "tools": tools,
    })
}

fn as_text(seen: &Inspection, tools: Option<&[ToolDefinition]>) -> Result<String, CliError> {
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
    for tool in tools.unwrap_or_default() {
        text += &tool_text(tool)?;
    }
    Ok(text)
}

/// The manifest as its file would say it.
pub(super) fn manifest_text(manifest: &Manifest) -> String {
    toml::to_string(manifest).unwrap_or_else(|_| format!("{:#}", manifest.to_json()))
}

pub(super) fn tool_text(tool: &ToolDefinition) -> Result<String, CliError> {
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
