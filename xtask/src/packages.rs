//! What npm and PyPI bring for a task, in folders of its own below the target folder: nothing is installed on the machine.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::shell::{output, target_dir};

/// Node 22, whatever Node is on the machine: the conformance suite wants it.
const NODE: (&str, &str) = ("node", "22");

/// Packages from npm, with a Node of their own.
pub(crate) struct NodeModules(PathBuf);

impl NodeModules {
    /// Installs packages, each with its version, for the task called `name`.
    ///
    /// # Errors
    /// There is no npm, or it reaches no registry.
    pub(crate) fn install(name: &str, packages: &[(&str, &str)]) -> Result<Self> {
        let folder = target_dir()?.join("npm").join(name);
        let dependencies: Map<_, _> = packages
            .iter()
            .chain([&NODE])
            .map(|(package, version)| ((*package).to_owned(), Value::from(*version)))
            .collect();
        // Node's package fetches the program for this machine when it is installed; nothing else may run.
        let wanted = json!({
            "private": true,
            "dependencies": dependencies,
            "allowScripts": { NODE.0: true },
        });
        once(&folder, &wanted.to_string(), || {
            fs::write(folder.join("package.json"), wanted.to_string())?;
            let mut npm = Command::new("npm");
            npm.current_dir(&folder).args([
                "install",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]);
            output(npm).context("npm can't install packages; it comes with Node.js")
        })?;
        Ok(Self(folder))
    }

    /// The folder that `node_modules` is in: scripts there can import the packages.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// A program that a package brings, run by the Node that came with it, which takes these options.
    pub(crate) fn program(&self, name: &str, options: &[&OsStr]) -> Command {
        let mut node = self.node();
        node.args(options)
            .arg(self.0.join("node_modules/.bin").join(name));
        node
    }

    /// The Node that came with them.
    pub(crate) fn node(&self) -> Command {
        let node = self.0.join("node_modules/node/bin/node");
        Command::new(node.with_extension(std::env::consts::EXE_EXTENSION))
    }
}

/// Packages from PyPI, in a virtual environment.
pub(crate) struct Python(PathBuf);

impl Python {
    /// Installs packages, each with its version, for the task called `name`.
    ///
    /// # Errors
    /// There is no Python 3 with its venv module, or pip reaches no index.
    pub(crate) fn install(name: &str, packages: &[&str]) -> Result<Self> {
        let python = Self(target_dir()?.join("python").join(name));
        once(&python.0, &packages.join("\n"), || {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(&python.0);
            output(venv).context("Python 3 with its venv module makes no environment")?;
            let mut pip = python.python();
            pip.args(["-m", "pip", "install", "--quiet"])
                .arg("--disable-pip-version-check")
                .args(packages);
            output(pip).context("pip can't install packages")
        })?;
        Ok(python)
    }

    /// The folder of the environment.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The Python that has them.
    pub(crate) fn python(&self) -> Command {
        Command::new(self.0.join("bin/python3"))
    }
}

/// Does the work unless the folder says that it was done for the same. What is half done is done anew.
pub(crate) fn once<T>(folder: &Path, wanted: &str, work: impl FnOnce() -> Result<T>) -> Result<()> {
    let done = folder.join(".done");
    if fs::read_to_string(&done).is_ok_and(|what| what == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    work()?;
    fs::write(done, wanted)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn what_is_done_is_not_done_again_until_something_else_is_wanted() {
        let folder = std::env::temp_dir().join(format!("xtask-packages-{}", std::process::id()));
        let times = Cell::new(0);
        let work = || {
            times.set(times.get() + 1);
            Ok(())
        };
        assert!(once(&folder, "a 1", || -> Result<()> { bail!("no network") }).is_err());
        once(&folder, "a 1", work).unwrap();
        once(&folder, "a 1", work).unwrap();
        assert_eq!(times.get(), 1);
        once(&folder, "a 2", work).unwrap();
        assert_eq!(times.get(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }
}
