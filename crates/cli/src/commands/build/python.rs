//! Python: a component made by componentize-py, with the interpreter and all that the plugin imported inside.

use super::process::run;
use super::project::Project;
use super::tools::{Installer, Tool, program};
use super::{BuildError, contract};
use crate::args::{CrateArgs, Format};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The module in `src` that holds what the plugin exports, as a file.
pub(super) const ENTRY: &str = "app.py";

const COMPONENTIZE_PY: Tool = Tool {
    name: "componentize-py",
    installer: Installer::Pip,
    place: |home| program(&scripts(home), "componentize-py"),
};

/// The component. The bindings are written too, into `bindings` in the target folder: for the author and the editor.
pub(super) fn compile(
    project: &Project,
    args: &CrateArgs,
    format: Format,
) -> Result<Vec<u8>, BuildError> {
    let program = COMPONENTIZE_PY.require(project, args, format)?;
    let wit = contract::lay_out(project)?;
    let tool = |command: &str| {
        let mut tool = Command::new(&program);
        tool.arg("--quiet").arg("--wit-path").arg(&wit).arg(command);
        let home = project.folder.join(COMPONENTIZE_PY.installer.home());
        if home.is_dir() {
            // Where it finds the packages that the plugin imports.
            tool.env("VIRTUAL_ENV", home);
        }
        tool
    };
    let mut bindings = tool("bindings");
    bindings.arg(project.fresh("bindings")?);
    run(COMPONENTIZE_PY.name, bindings, &project.folder)?;

    let made = project.fresh("component")?.join("component.wasm");
    let mut componentize = tool("componentize");
    componentize
        .arg("--python-path")
        .arg(project.folder.join("src"));
    componentize.arg("--output").arg(&made);
    componentize.arg(ENTRY.trim_end_matches(".py"));
    run(COMPONENTIZE_PY.name, componentize, &project.folder)?;
    fs::read(&made).map_err(BuildError::io("read", &made))
}

/// The Python of a virtual environment.
pub(super) fn interpreter(environment: &Path) -> PathBuf {
    match cfg!(windows) {
        true => scripts(environment).join("python.exe"),
        false => scripts(environment).join("python3"),
    }
}

fn scripts(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts" } else { "bin" })
}
