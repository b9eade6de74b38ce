//! `portcullis check plugin.toml`: everything that is wrong with a manifest.

use super::answer;
use crate::args::Format;
use crate::commands::describe::{row, settings};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use portcullis_host_core::{Error, LoadLimits, Manifest};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Says whether the manifest is right. That it is not is an answer too.
pub(super) fn run(path: &Path, format: Format) -> Result<Exit, CliError> {
    let text = read(path)?;
    let manifest = Manifest::parse(&text).map_err(|errors| CliError::Mistakes {
        path: path.to_owned(),
        errors,
    });
    match format {
        Format::Json => output::json(&as_json(&manifest))?,
        Format::Text => output::text(&as_text(&manifest))?,
    }
    Ok(match manifest {
        Ok(_) => Exit::Done,
        Err(_) => Exit::NotLoadable,
    })
}

/// The file's text, which is no larger than any host takes.
fn read(path: &Path) -> Result<String, CliError> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let allowed = LoadLimits::default().manifest_bytes;
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let mut start = file.take(allowed + 1);
    let found = start.read_to_string(&mut text).map_err(failed)? as u64;
    if found > allowed {
        return Err(CliError::Host(Error::LoadLimit {
            limit: "manifest-bytes",
            allowed,
            found,
        }));
    }
    Ok(text)
}

fn as_json(manifest: &Result<Manifest, CliError>) -> Value {
    let right = manifest.as_ref().ok();
    json!({
        "valid": manifest.is_ok(),
        "problem": manifest.as_ref().err().map(|error| error.to_json()["error"].take()),
        "id": right.map(|manifest| &manifest.plugin.id),
        "version": right.map(|manifest| &manifest.plugin.version),
        "asksFor": right.map(|manifest| &manifest.capabilities.request),
    })
}

fn as_text(manifest: &Result<Manifest, CliError>) -> String {
    let mut text = answer("valid", manifest.as_ref().err());
    if let Ok(manifest) = manifest {
        let asked = manifest.capabilities.request.iter();
        text += &row("plugin", [manifest.plugin.id.as_str()]);
        text += &row("version", [manifest.plugin.version.to_string()]);
        text += &row("asks for", asked.map(ToString::to_string));
        text += &settings(manifest);
    }
    text
}
