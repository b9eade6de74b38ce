//! Installs pyperplan into a virtual environment below the target folder, once for all tests and processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGE: &str = "pyperplan==2.1";

/// The Python that has pyperplan.
///
/// # Panics
/// Where it can't be installed: these tests prove nothing without it.
pub(crate) fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(installed).clone()
}

fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment = folder.join(PACKAGE);
    let python = environment.join("bin/python3");
    if !python.exists() {
        // Made aside and then renamed: another process sees all of it or nothing.
        fs::create_dir_all(folder).unwrap();
        let aside = tempfile::tempdir_in(folder).unwrap();
        let made = aside.path().join("made");
        run(Command::new("python3").args(["-m", "venv"]).arg(&made));
        let quiet = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        run(Command::new(made.join("bin/python3"))
            .args(quiet)
            .arg(PACKAGE));
        let renamed = fs::rename(&made, &environment);
        assert!(
            renamed.is_ok() || python.exists(),
            "{renamed:?}: neither this process nor another put it in place"
        );
    }
    python
}

fn run(command: &mut Command) {
    let remedy = "install Python 3 with its venv module (on Debian python3 and python3-venv), and let pip reach a package index";
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{command:?}: {}\n{}\n{remedy}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("{command:?}: {error}\n{remedy}"),
    }
}
