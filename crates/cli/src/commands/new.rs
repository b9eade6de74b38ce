//! `portcullis new`: a plugin project that builds, passes its own test and runs.

mod other;
mod rust;

use crate::args::{Format, Lang, NewArgs, Template};
use crate::error::CliError;
use crate::output;
use clap::ValueEnum as _;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why no project was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    #[error(
        "{name:?} can't name a plugin: {problem}\n  use lower-case letters, digits and hyphens, a letter first, at most 64, for example `my-plugin`"
    )]
    Name { name: String, problem: &'static str },
    #[error(
        "the template {template} is for Rust only\n  in other languages a new project is a tool; leave --template out"
    )]
    Template { template: String },
    #[error(
        "{path:?} exists already\n  choose another name, or remove it first; nothing was changed"
    )]
    Exists { path: PathBuf },
    #[error(
        "{path:?} is not the SDK: it has no Cargo.toml of the package portcullis-guest-sdk\n  point --sdk-path or PORTCULLIS_SDK_PATH at the folder crates/guest-sdk of a checkout"
    )]
    NoSdk { path: PathBuf },
    #[error("can't write {path:?}: {source}\n  nothing was left behind")]
    Write { path: PathBuf, source: io::Error },
}

/// What is written, and how it is used.
struct Project {
    files: Files,
    /// The command that runs the project's own test, where it has one.
    test: Option<&'static str>,
    /// The tool and the arguments that the project's README and `new` itself show.
    call: &'static str,
}

/// Each file's path in the project, and its text.
type Files = Vec<(&'static str, String)>;

/// Makes the project in the current folder.
pub(crate) fn run(args: &NewArgs, format: Format) -> Result<(), CliError> {
    let name = checked(&args.name)?;
    let project = project(name, args)?;
    let folder = Path::new(name);
    write_all(folder, &project.files)?;
    match format {
        Format::Json => output::json(&Made {
            path: folder,
            files: project.files.iter().map(|(path, _)| *path).collect(),
        }),
        Format::Text => {
            let test = project
                .test
                .map_or_else(String::new, |test| format!("  {test}\n"));
            let (call, build) = (
                project.call,
                match args.lang {
                    Lang::Rust => "portcullis build",
                    _ => "portcullis build --install-tools",
                },
            );
            output::text(&format!(
                "made the plugin {name}\n\nnext:\n  cd {name}\n{test}  {build}\n  portcullis call target/plugins/{name}.wasm {call}\n"
            ))
        }
    }
}

fn project(name: &str, args: &NewArgs) -> Result<Project, NewError> {
    if args.lang != Lang::Rust && args.template != Template::Tool {
        let template = args.template.to_possible_value();
        return Err(NewError::Template {
            template: template.map_or_else(String::new, |value| value.get_name().into()),
        });
    }
    match args.lang {
        Lang::Rust => rust::project(name, args),
        Lang::Python => Ok(other::project(name, &other::PYTHON)),
        Lang::Javascript => Ok(other::project(name, &other::JAVASCRIPT)),
        Lang::Typescript => Ok(other::project(name, &other::TYPESCRIPT)),
        Lang::C => Ok(other::project(name, &other::C)),
    }
}

#[derive(Serialize)]
struct Made<'a> {
    path: &'a Path,
    files: Vec<&'static str>,
}

/// Fills what files of all languages have; the rest is the language's.
fn filled(text: &str, name: &str, about: &str, call: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{about}}", about)
        .replace("{{call}}", call)
        .replace("{{repository}}", env!("CARGO_PKG_REPOSITORY"))
}

/// The manifest.
fn manifest(policy: &str, request: &str) -> String {
    include_str!("../../templates/shared/plugin.toml.in")
        .replace("{{policy}}", policy)
        .replace("{{request}}", request)
}

/// A name that Cargo, rustc and a plugin's id all take.
fn checked(name: &str) -> Result<&str, NewError> {
    let problem = if name.is_empty() {
        "it is empty"
    } else if name.len() > 64 {
        "it is longer than 64 characters"
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "it does not start with a lower-case letter"
    } else if !name
        .chars()
        .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
    {
        "it holds another character"
    } else if name.ends_with('-') || name.contains("--") {
        "a hyphen stands between two other characters"
    } else if rust::RESERVED.contains(&name) {
        "Rust or the SDK uses that name itself"
    } else {
        return Ok(name);
    };
    Err(NewError::Name {
        name: name.into(),
        problem,
    })
}

/// Writes all files into a folder that must not be there yet, or leaves nothing.
fn write_all(folder: &Path, files: &[(&str, String)]) -> Result<(), NewError> {
    let failed = |path: &Path, source| NewError::Write {
        path: path.to_path_buf(),
        source,
    };
    // Making the folder is the check that it isn't there: nothing can come between the two.
    fs::create_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists {
            path: folder.to_path_buf(),
        },
        _ => failed(folder, error),
    })?;
    let written = files.iter().try_for_each(|(path, text)| {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| failed(&path, error))
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(folder);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn names_that_every_tool_takes_are_taken() {
        for name in ["a", "my-plugin", "text-tools-2", "x9"] {
            assert!(checked(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_the_rule() {
        let long = "a".repeat(65);
        for name in [
            "", "9x", "-x", "x-", "a--b", "Hello", "a_b", "../x", "a/b", "fn", "test", "std",
            "grün", "a b", &long,
        ] {
            let error = checked(name).unwrap_err().to_string();
            assert!(
                error.contains("lower-case letters, digits and hyphens"),
                "{error}"
            );
        }
    }

    #[test]
    fn nothing_is_left_behind_when_a_file_cant_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let files = [
            ("a", "text".to_string()),
            ("a/b", "a is a file".to_string()),
        ];
        assert!(matches!(
            write_all(&target, &files),
            Err(NewError::Write { .. })
        ));
        assert!(!target.exists());
    }

    #[test]
    fn every_placeholder_is_filled() {
        let rust = Template::value_variants()
            .iter()
            .map(|template| rust::files("x", *template, "version = \"1\""));
        let languages = [
            other::PYTHON,
            other::JAVASCRIPT,
            other::TYPESCRIPT,
            other::C,
        ];
        let other = languages.map(|own| other::project("x", &own).files);
        for (path, text) in rust.chain(other).flatten() {
            assert!(!text.contains("{{"), "{path}: {text}");
        }
    }
}
