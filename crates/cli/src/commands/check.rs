//! `portcullis check`: is it loadable here, and if not why; or a manifest: is it right.

mod manifest;

use super::build::names;
use super::describe::{Examined, examine, row, surface};
use crate::args::{FileArgs, Format};
use crate::error::{CliError, host_json};
use crate::escape;
use crate::exit::Exit;
use crate::output::{self, BAD, GOOD, HEADING};
use portcullis_host_core::{Error, Inspection, ToolDefinition};
use serde_json::{Value, json};

/// Says whether the plugin can be loaded. A file that can't be read is an error; one that can't be loaded is an answer.
pub(crate) fn run(args: &FileArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    if args.file.extension().is_some_and(|end| end == "toml") {
        return manifest::run(&args.file, format);
    }
    let Examined { seen, tools } = examine(args, format, verbose)?;
    let (seen, tools) = match seen {
        Err(error @ Error::Io { .. }) => return Err(error.into()),
        seen => (seen.ok(), tools.map_err(CliError::from)),
    };
    match format {
        Format::Json => output::json(&as_json(seen.as_ref(), &tools))?,
        Format::Text => output::text(&as_text(seen.as_ref(), &tools))?,
    }
    Ok(tools.map_or_else(|error| error.exit(), |_| Exit::Done))
}

type Tools = Result<Vec<ToolDefinition>, CliError>;

fn as_json(seen: Option<&Inspection>, tools: &Tools) -> Value {
    json!({
        "loadable": tools.is_ok(),
        "problem": match tools {
            Err(CliError::Host(error)) => host_json(error),
            _ => Value::Null,
        },
        "id": seen.map(|seen| &seen.id),
        "digest": seen.map(|seen| &seen.digest),
        "imports": seen.map(|seen| &seen.imports),
        "exports": seen.map(|seen| &seen.exports),
        "asksFor": seen.map(|seen| seen.manifest.as_ref().map_or(&[][..], |manifest| &manifest.capabilities.request)),
        "tools": tools.as_deref().map(names).ok(),
    })
}

fn as_text(seen: Option<&Inspection>, tools: &Tools) -> String {
    let mut text = answer("loadable", tools.as_ref().err());
    if let Some(seen) = seen {
        text += &row("plugin", [seen.id.as_str()]);
        text += &surface(seen);
    }
    if let Ok(tools) = tools {
        text += &row("tools", names(tools));
    }
    text
}

/// The row that says yes, or no and why.
fn answer(label: &str, problem: Option<&CliError>) -> String {
    let answer = match problem {
        None => format!("{GOOD}yes{GOOD:#}"),
        Some(error) => {
            format!(
                "{BAD}no{BAD:#}: {}",
                escape::text(&error.to_string()).replace('\n', "\n          ")
            )
        }
    };
    format!("{HEADING}{label:<10}{HEADING:#}{answer}\n")
}
