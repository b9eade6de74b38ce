//! Which language a project is in, known from the files in its folder.

use super::{BuildError, c, cargo, javascript, manifest, python};
use crate::args::{CrateArgs, Format};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What there is to build.
pub(super) enum Source {
    Rust(cargo::Package),
    Other(Project),
}

impl Source {
    /// The project whose folder, or Cargo.toml, is at the path that `args` has.
    pub(super) fn find(args: &CrateArgs) -> Result<Self, BuildError> {
        let folder = args.path.canonicalize().ok();
        let other = folder
            .filter(|folder| !folder.join("Cargo.toml").is_file())
            .and_then(|folder| Some((language(&folder)?, folder)));
        match other {
            Some((language, folder)) => Ok(Self::Other(Project::read(language, folder, args)?)),
            None => Ok(Self::Rust(cargo::Package::find(&args.path)?)),
        }
    }

    pub(super) fn folder(self) -> PathBuf {
        match self {
            Self::Rust(package) => package.folder,
            Self::Other(project) => project.folder,
        }
    }
}

/// A language whose project says by a world, in `wit`, what it exports and imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    /// And TypeScript.
    JavaScript,
    C,
}

/// None where the folder holds no project.
fn language(folder: &Path) -> Option<Language> {
    if folder.join("package.json").is_file() {
        Some(Language::JavaScript)
    } else if folder.join("src").join(python::ENTRY).is_file() {
        Some(Language::Python)
    } else if c::sources(folder).is_ok_and(|sources| !sources.is_empty()) {
        Some(Language::C)
    } else {
        None
    }
}

/// A project in another language than Rust.
pub(super) struct Project {
    language: Language,
    /// Absolute.
    pub(super) folder: PathBuf,
    /// Where what is made goes, absolute; all of it can be made again.
    pub(super) target_dir: PathBuf,
    /// The text of plugin.toml, checked.
    pub(super) manifest: String,
    pub(super) id: String,
}

impl Project {
    fn read(language: Language, folder: PathBuf, args: &CrateArgs) -> Result<Self, BuildError> {
        let Some((text, manifest)) = manifest::read(&folder)? else {
            return Err(BuildError::NoManifest { path: folder });
        };
        let target_dir = match &args.target_dir {
            Some(path) => std::path::absolute(path).map_err(BuildError::io("find", path))?,
            None => folder.join("target"),
        };
        Ok(Self {
            language,
            folder,
            target_dir,
            manifest: text,
            id: manifest.plugin.id.to_string(),
        })
    }

    /// The component as the language's own tools make it.
    pub(super) fn compile(&self, args: &CrateArgs, format: Format) -> Result<Vec<u8>, BuildError> {
        match self.language {
            Language::Python => python::compile(self, args, format),
            Language::JavaScript => javascript::compile(self, args, format),
            Language::C => c::compile(self, args, format),
        }
    }

    /// A folder in the target folder, with nothing of an earlier build.
    pub(super) fn fresh(&self, name: &str) -> Result<PathBuf, BuildError> {
        let folder = self.target_dir.join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BuildError::io("remove", &folder)(error));
            }
            _ => {}
        }
        fs::create_dir_all(&folder).map_err(BuildError::io("make the folder", &folder))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_from_the_files_of_its_tools() {
        let of = |files: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("src")).unwrap();
            for file in files {
                fs::write(folder.path().join(file), "").unwrap();
            }
            language(folder.path())
        };
        assert_eq!(of(&["src/app.py"]), Some(Language::Python));
        assert_eq!(of(&["src/any.c", "src/any.h"]), Some(Language::C));
        assert_eq!(
            of(&["package.json", "src/plugin.ts"]),
            Some(Language::JavaScript)
        );
        assert_eq!(of(&["src/any.h", "README.md"]), None);
    }
}
