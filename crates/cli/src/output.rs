//! Results on stdout, notes and errors on stderr.

use crate::args::Format;
use crate::error::CliError;
use crate::escape;
use crate::progress;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::{self, Write};

/// Headings in text output.
pub(crate) const HEADING: Style = Style::new().bold();
/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Writes text to stdout, ended by a line feed. Colours are dropped where stdout is no terminal or `NO_COLOR` is set.
/// Nobody reading any more is no error.
pub(crate) fn text(text: &str) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    written(progress::suspended(|| {
        write!(out, "{text}{end}").and_then(|()| out.flush())
    }))
}

/// Writes one line to stdout at once. False: nobody reads any more.
pub(crate) fn line(line: &str) -> Result<bool, CliError> {
    let mut out = anstream::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        result => result.map(|()| true).map_err(CliError::Stdout),
    }
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes one JSON document to stdout, over several lines.
pub(crate) fn json(value: &impl Serialize) -> Result<(), CliError> {
    text(&pretty(value)?)
}

/// Writes one JSON document to stdout, in one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), CliError> {
    let document = serde_json::to_string(value)
        .map_err(io::Error::from)
        .map_err(CliError::Stdout)?;
    text(&escape::json(&document))
}

/// Writes what a command did: a document or a line of text.
pub(crate) fn said(format: Format, document: &impl Serialize, text: &str) -> Result<(), CliError> {
    match format {
        Format::Json => json(document),
        Format::Text => self::text(text),
    }
}

/// A JSON document over several lines, safe to look at.
pub(crate) fn pretty(value: &impl Serialize) -> Result<String, CliError> {
    let document = serde_json::to_string_pretty(value)
        .map_err(io::Error::from)
        .map_err(CliError::Stdout)?;
    Ok(escape::json(&document).into_owned())
}

/// Writes one line to stderr. A closed stderr is no error: there is nobody to tell.
pub(crate) fn note(line: &str) {
    let _ = progress::suspended(|| writeln!(anstream::stderr().lock(), "{line}"));
}

/// Reports why the command failed.
pub(crate) fn error(error: &CliError, format: Format) {
    match format {
        Format::Text => note(&format!(
            "{BAD}error{BAD:#}: {}",
            escape::text(&error.to_string())
        )),
        Format::Json => note(&escape::json(&error.to_json().to_string())),
    }
}

fn written(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Stdout(error)),
        _ => Ok(()),
    }
}
