//! What `check` and `inspect` share: a plugin looked at from outside, and loaded if it can be.

use crate::args::{FileArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::host;
use crate::output::HEADING;
use portcullis_host_core::{Error, Inspection, LoadOptions, Plugin};

/// Looks at a plugin without running it, then loads it with nothing granted.
pub(super) fn examine(
    args: &FileArgs,
    format: Format,
    verbose: bool,
) -> Result<(Result<Inspection, Error>, Result<Plugin, Error>), CliError> {
    let session = host::start(&args.host, format, verbose)?;
    Ok(session.run(async {
        let seen = session.host.inspect(args.file.clone()).await;
        (
            seen,
            session
                .load(args.file.clone(), LoadOptions::default())
                .await,
        )
    }))
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
