//! Running other programs.

use super::BuildError;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a program in the project's folder, so that the project's own settings of it hold. Its stdout is kept; its stderr
/// is shown, or kept where it is nobody's or must not mix with JSON.
///
/// # Errors
/// It can't be started; `remedy` says where it comes from.
pub(super) fn output(
    mut command: Command,
    folder: &Path,
    show: bool,
    remedy: &'static str,
) -> Result<Output, BuildError> {
    command.current_dir(folder).stdin(Stdio::null());
    if show {
        command.stderr(Stdio::inherit());
    }
    command.output().map_err(|source| BuildError::Program {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
        remedy,
    })
}

/// What a program that failed said on stderr, or how it ended.
pub(super) fn failure(output: &Output) -> String {
    match String::from_utf8_lossy(&output.stderr).trim() {
        "" => output.status.to_string(),
        text => text.to_string(),
    }
}

/// Runs one of the tools of another language, whose messages are of use only when it fails: some write them to stdout.
///
/// # Errors
/// It can't be started, or fails.
pub(super) fn run(tool: &'static str, command: Command, folder: &Path) -> Result<(), BuildError> {
    let remedy = "build with --install-tools, or see that the program runs by itself";
    let ran = output(command, folder, false, remedy)?;
    if ran.status.success() {
        return Ok(());
    }
    let said = [ran.stdout.as_slice(), ran.stderr.as_slice()].map(String::from_utf8_lossy);
    let said = said.map(|text| text.trim().to_string());
    let diagnostics = match said.iter().all(String::is_empty) {
        true => ran.status.to_string(),
        false => said.join("\n").trim().to_string(),
    };
    Err(BuildError::Tool { tool, diagnostics })
}
