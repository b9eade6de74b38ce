//! Paths of the checkout, and commands run in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("one level below the root")
}

/// The workspace's target folder, wherever cargo was told to have it.
pub(crate) fn target_dir() -> Result<&'static Path> {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = TARGET.get() {
        return Ok(path);
    }
    let metadata = metadata(root(), &["--no-deps"])?;
    let path = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target folder")?;
    Ok(TARGET.get_or_init(|| PathBuf::from(path)))
}

/// `cargo metadata` of the workspace in `folder`, with its lock file as it is.
pub(crate) fn metadata(folder: &Path, arguments: &[&str]) -> Result<serde_json::Value> {
    let mut command = cargo(folder);
    command
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments);
    serde_json::from_str(&output(command)?).context("cargo metadata gave no JSON")
}

/// The cargo that runs this task, to be run in `folder`.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder);
    cargo
}

/// Runs a command whose output is for the person at the terminal.
///
/// # Errors
/// It can't be started, or ends with another code than 0.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let line = line(&command);
    let status = command
        .status()
        .with_context(|| format!("can't run `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and gives what it wrote to stdout; its stderr is shown when it fails.
///
/// # Errors
/// It can't be started, ends with another code than 0, or writes what is not UTF-8.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let line = line(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("can't run `{line}`"))?;
    if !output.status.success() {
        bail!(
            "`{line}` failed ({})\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// Whether `program argument` runs and succeeds: how optional tools are found.
pub(crate) fn exists(program: &str, arguments: &[&str]) -> bool {
    let quiet = |command: &mut Command| {
        command
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|out| out.status.success())
    };
    quiet(Command::new(program).args(arguments))
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy());
    let words: Vec<_> = std::iter::once(program.to_string_lossy())
        .chain(words)
        .collect();
    words.join(" ")
}
