//! [pyperplan](https://pypi.org/project/pyperplan/), a planner for PDDL, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

const PACKAGE: &str = "pyperplan==2.1";

/// What follows the program on its command line, with the places of the two files.
pub const ARGUMENTS: [&str; 5] = ["-I", "-m", "pyperplan", "{domain}", "{problem}"];

/// The Python that has pyperplan, in an environment in `folder`, which is made if it is not there.
///
/// # Errors
/// Why it can't be installed, and what to do about it.
pub fn python(folder: &Path) -> Result<PathBuf, String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let environment = folder.join(PACKAGE);
    let python = environment.join("bin/python3");
    if !python.exists() {
        install(folder, &environment, &python)?;
    }
    Ok(python)
}

fn install(folder: &Path, environment: &Path, python: &Path) -> Result<(), String> {
    // Made aside and then renamed: another process sees all of it or nothing.
    let aside = fs::create_dir_all(folder).and_then(|()| tempfile::tempdir_in(folder));
    let aside = aside.map_err(|error| format!("{}: {error}", folder.display()))?;
    let made = aside.path().join("made");
    run(Command::new("python3").args(["-m", "venv"]).arg(&made))?;
    let pip = ["-m", "pip", "install", "--quiet"];
    run(Command::new(made.join("bin/python3"))
        .args(pip)
        .args(["--disable-pip-version-check", PACKAGE]))?;
    match fs::rename(&made, environment) {
        Err(error) if !python.exists() => Err(format!("{}: {error}", environment.display())),
        _ => Ok(()),
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let remedy = "install Python 3 with its venv module (on Debian python3 and python3-venv), and let pip reach a package index";
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "{command:?}: {}\n{}\n{remedy}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Err(format!("{command:?}: {error}\n{remedy}")),
    }
}
