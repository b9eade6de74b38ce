//! What `check` and `inspect` share: a plugin looked at from outside, and loaded if it can be.

use crate::args::{FileArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::host;
use crate::installed;
use crate::output::HEADING;
use portcullis_host_core::{Error, Inspection, LoadOptions, Plugin};

/// What can be seen of a plugin without running it, and the plugin as it was loaded with nothing granted.
pub(super) struct Examined {
    pub(super) seen: Result<Inspection, Error>,
    pub(super) loaded: Result<Plugin, Error>,
}

/// Looks at a plugin, then loads it.
pub(super) fn examine(
    args: &FileArgs,
    format: Format,
    verbose: bool,
) -> Result<Examined, CliError> {
    let session = host::start(&args.host, format, verbose)?;
    session.run(async {
        let file = installed::file(session, &args.host, &args.file).await?;
        let seen = session.host.inspect(file.clone()).await;
        let loaded = session.load(file, LoadOptions::default()).await;
        Ok(Examined { seen, loaded })
    })
}

/// One labelled row of text output, or several lines under one label.
pub(super) fn row(label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut label = format!("{HEADING}{label:<10}{HEADING:#}");
    let mut rows = String::new();
    for value in values {
        rows += &format!("{label}{}\n", escape::line(value.as_ref()));
        label = " ".repeat(10);
    }
    if rows.is_empty() {
        format!("{label}nothing\n")
    } else {
        rows
    }
}

/// The rows that say what a plugin imports, exports and asks for.
pub(super) fn surface(seen: &Inspection) -> String {
    let asked = seen
        .manifest
        .iter()
        .flat_map(|manifest| &manifest.capabilities.request)
        .map(ToString::to_string);
    row("imports", &seen.imports) + &row("exports", &seen.exports) + &row("asks for", asked)
}
