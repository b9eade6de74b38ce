//! `portcullis check`: is it loadable here, and if not why; or a manifest: is it right.

mod manifest;

use super::describe::{Examined, Names, examine, row, surface};
use crate::args::{FileArgs, Format};
use crate::error::{CliError, host_json};
use crate::escape;
use crate::exit::Exit;
use crate::output::{self, BAD, GOOD, HEADING};
use portcullis_host_core::{Error, Inspection};
use serde_json::{Value, json};

/// Says whether the plugin can be loaded. A file that can't be read is an error; one that can't be loaded is an answer.
pub(crate) fn run(args: &FileArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    if args.file.extension().is_some_and(|end| end == "toml") {
        return manifest::run(&args.file, format);
    }
    let Examined { seen, brings } = examine(args, format, verbose)?;
    let (seen, brings) = match seen {
        Err(error @ Error::Io { .. }) => return Err(error.into()),
        seen => (seen.ok(), brings.map_err(CliError::from)),
    };
    let brings = brings.map(|brings| Names::of(&brings));
    match format {
        Format::Json => output::json(&as_json(seen.as_ref(), &brings))?,
        Format::Text => output::text(&as_text(seen.as_ref(), &brings))?,
    }
    Ok(brings.map_or_else(|error| error.exit(), |_| Exit::Done))
}

type Brings = Result<Names, CliError>;

fn as_json(seen: Option<&Inspection>, brings: &Brings) -> Value {
    json!({
        "loadable": brings.is_ok(),
        "problem": match brings {
            Err(CliError::Host(error)) => host_json(error),
            _ => Value::Null,
        },
        "id": seen.map(|seen| &seen.id),
        "digest": seen.map(|seen| &seen.digest),
        "imports": seen.map(|seen| &seen.imports),
        "exports": seen.map(|seen| &seen.exports),
        "asksFor": seen.map(|seen| seen.manifest.as_ref().map_or(&[][..], |manifest| &manifest.capabilities.request)),
        "tools": brings.as_ref().map(|brings| &brings.tools).ok(),
        "hooks": brings.as_ref().map(|brings| &brings.hooks).ok(),
        "providers": brings.as_ref().map(|brings| &brings.providers).ok(),
        "roles": brings.as_ref().map(|brings| &brings.roles).ok(),
        "resources": brings.as_ref().map(|brings| &brings.resources).ok(),
        "resourceTemplates": brings.as_ref().map(|brings| &brings.templates).ok(),
        "prompts": brings.as_ref().map(|brings| &brings.prompts).ok(),
    })
}

fn as_text(seen: Option<&Inspection>, brings: &Brings) -> String {
    let mut text = answer("loadable", brings.as_ref().err());
    if let Some(seen) = seen {
        text += &row("plugin", [seen.id.as_str()]);
        text += &surface(seen);
    }
    if let Ok(brings) = brings {
        text += &brings.rows();
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
