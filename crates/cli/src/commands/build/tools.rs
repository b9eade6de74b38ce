//! Finding the tools of other languages, and installing them where that is asked for.

use super::process::{failure, output};
use super::project::Project;
use super::{BuildError, python};
use crate::args::{CrateArgs, Format};
use crate::output::note;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One program that a language's project needs.
pub(super) struct Tool {
    /// As it is called on the PATH.
    pub(super) name: &'static str,
    pub(super) installer: Installer,
    /// Where the installer puts the program, from its home.
    pub(super) place: fn(home: &Path) -> Option<PathBuf>,
}

/// What installs a tool into the project's folder, at the versions that a list in the project pins.
#[derive(Clone, Copy)]
pub(super) enum Installer {
    Pip,
    Npm,
}

impl Installer {
    /// The folder in the project's that it installs into.
    pub(super) const fn home(self) -> &'static str {
        match self {
            Self::Pip => ".venv",
            Self::Npm => "node_modules",
        }
    }

    /// The file in the project's folder that says what is installed.
    const fn list(self) -> &'static str {
        match self {
            Self::Pip => "requirements.txt",
            Self::Npm => "package-lock.json",
        }
    }

    /// The commands that install, in order.
    fn commands(self, folder: &Path) -> Vec<Command> {
        let command = |program: &Path, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        };
        match self {
            Self::Pip => {
                let python = python::interpreter(&folder.join(self.home()));
                let system = if cfg!(windows) { "python" } else { "python3" };
                let install = [
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ];
                let mut install = command(&python, &install);
                install.args(["--requirement", self.list()]);
                vec![
                    command(Path::new(system), &["-m", "venv", self.home()]),
                    install,
                ]
            }
            // A package's own scripts are not run: the tools need none.
            Self::Npm => {
                let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
                let arguments = [
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--silent",
                ];
                vec![command(Path::new(npm), &arguments)]
            }
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Pip => "install Python 3 with its module venv, so that python3 is on the PATH",
            Self::Npm => "install Node.js 20 or newer with npm, so that both are on the PATH",
        }
    }
}

impl Tool {
    /// The program: of the project's own folder, else of the PATH, else installed where `args` allow it.
    ///
    /// # Errors
    /// It is nowhere, or can't be installed.
    pub(super) fn require(
        &self,
        project: &Project,
        args: &CrateArgs,
        format: Format,
    ) -> Result<PathBuf, BuildError> {
        if let Some(program) = self.find(&project.folder) {
            return Ok(program);
        }
        let list = self.installer.list();
        if !args.install_tools {
            return Err(BuildError::ToolMissing {
                tool: self.name,
                home: self.installer.home(),
                list,
            });
        }
        self.install(&project.folder, format)?;
        self.find(&project.folder).ok_or(BuildError::ToolNotListed {
            tool: self.name,
            list,
        })
    }

    fn find(&self, folder: &Path) -> Option<PathBuf> {
        (self.place)(&folder.join(self.installer.home())).or_else(|| on_path(self.name))
    }

    fn install(&self, folder: &Path, format: Format) -> Result<(), BuildError> {
        let list = self.installer.list();
        if !folder.join(list).is_file() {
            return Err(BuildError::NoToolList {
                tool: self.name,
                list,
                path: folder.to_path_buf(),
            });
        }
        let show = format == Format::Text;
        if show {
            let home = self.installer.home();
            note(&format!(
                "installing {} into {home}, as {list} says",
                self.name
            ));
        }
        for command in self.installer.commands(folder) {
            let ran = output(command, folder, show, self.installer.remedy())?;
            if !ran.status.success() {
                return Err(BuildError::Tool {
                    tool: match self.installer {
                        Installer::Pip => "pip",
                        Installer::Npm => "npm",
                    },
                    diagnostics: failure(&ran),
                });
            }
        }
        Ok(())
    }
}

/// The first program of this name on the PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).find_map(|folder| program(&folder, name))
}

/// The program of this name in a folder.
pub(super) fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let endings: &[&str] = match cfg!(windows) {
        true => &[".exe", ".cmd"],
        false => &[""],
    };
    let mut files = endings
        .iter()
        .map(|ending| folder.join(format!("{name}{ending}")));
    files.find(|file| file.is_file())
}
