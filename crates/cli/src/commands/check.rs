//! `portcullis check`: is it loadable here, and if not why.

use super::describe::{Examined, examine, row, surface};
use crate::args::{FileArgs, Format};
use crate::error::{CliError, host_json};
use crate::escape;
use crate::exit::Exit;
use crate::output::{self, BAD, GOOD, HEADING};
use portcullis_host_core::{Error, Inspection, Plugin, ToolDefinition};
use serde_json::{Value, json};

/// Says whether the plugin can be loaded. A file that can't be read is an error; one that can't be loaded is an answer.
pub(crate) fn run(args: &FileArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    let Examined { seen, loaded } = examine(args, format, verbose)?;
    let (seen, loaded) = match seen {
        Err(error @ Error::Io { .. }) => return Err(error.into()),
        seen => (seen.ok(), loaded.map_err(CliError::from)),
    };
    match format {
        Format::Json => output::json(&as_json(seen.as_ref(), &loaded))?,
        Format::Text => output::text(&as_text(seen.as_ref(), &loaded))?,
    }
    Ok(loaded.map_or_else(|error| error.exit(), |_| Exit::Done))
}

fn as_json(seen: Option<&Inspection>, loaded: &Result<Plugin, CliError>) -> Value {
    let names = |plugin: &Plugin| {
        plugin
            .tools()
            .iter()
            .map(|tool| tool.name.clone())
            .collect::<Vec<_>>()
    };
    json!({
        "loadable": loaded.is_ok(),
        "problem": match loaded {
            Err(CliError::Host(error)) => host_json(error),
            _ => Value::Null,
        },
        "id": seen.map(|seen| &seen.id),
        "digest": seen.map(|seen| &seen.digest),
        "imports": seen.map(|seen| &seen.imports),
        "exports": seen.map(|seen| &seen.exports),
        "asksFor": seen.map(|seen| seen.manifest.as_ref().map_or(&[][..], |manifest| &manifest.capabilities.request)),
        "tools": loaded.as_ref().map(names).ok(),
    })
}

fn as_text(seen: Option<&Inspection>, loaded: &Result<Plugin, CliError>) -> String {
    let answer = match loaded {
        Ok(_) => format!("{GOOD}yes{GOOD:#}"),
        Err(error) => {
            format!(
                "{BAD}no{BAD:#}: {}",
                escape::text(&error.to_string()).replace('\n', "\n          ")
            )
        }
    };
    let mut text = format!("{HEADING}{:<10}{HEADING:#}{answer}\n", "loadable");
    if let Some(seen) = seen {
        text += &row("plugin", [seen.id.as_str()]);
        text += &surface(seen);
    }
    if let Ok(plugin) = loaded {
        text += &row(
            "tools",
            plugin
                .tools()
                .iter()
                .map(|ToolDefinition { name, .. }| name),
        );
    }
    text
}
