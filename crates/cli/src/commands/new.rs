//! `portcullis new`: a plugin crate that builds, passes its own test and runs.

use crate::args::{Format, NewArgs, Template};
use crate::error::CliError;
use crate::output;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why no crate was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    #[error(
        "{name:?} can't name a plugin crate: {problem}\n  use lower-case letters, digits and hyphens, a letter first, at most 64, for example `my-plugin`"
    )]
    Name { name: String, problem: &'static str },
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

/// Makes the crate in the current folder.
pub(crate) fn run(args: &NewArgs, format: Format) -> Result<(), CliError> {
    let name = checked(&args.name)?;
    let files = files(name, args.template, &sdk(args)?);
    let folder = Path::new(name);
    write_all(folder, &files)?;
    match format {
        Format::Json => output::json(&Made {
            path: folder,
            files: files.iter().map(|(path, _)| *path).collect(),
        }),
        Format::Text => {
            let call = call(args.template);
            output::text(&format!(
                "made the plugin crate {name}\n\nnext:\n  cd {name}\n  cargo test\n  portcullis build\n  portcullis call target/plugins/{name}.wasm {call}\n"
            ))
        }
    }
}

#[derive(Serialize)]
struct Made<'a> {
    path: &'a Path,
    files: Vec<&'static str>,
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
    } else if RESERVED.contains(&name) {
        "Rust or the SDK uses that name itself"
    } else {
        return Ok(name);
    };
    Err(NewError::Name {
        name: name.into(),
        problem,
    })
}

/// Keywords, the crates that every crate sees, folders and programs that Cargo makes, and the one dependency.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "plugins",
    "portcullis-guest-sdk",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The SDK dependency's `path` or `version`, as the right side of a key in Cargo.toml.
fn sdk(args: &NewArgs) -> Result<String, NewError> {
    let path = match (&args.sdk_path, &args.sdk_version) {
        (_, Some(version)) => return Ok(toml_string("version", &version.to_string())),
        (Some(path), None) => Some(path.clone()),
        (None, None) => Some(Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("guest-sdk"))
            .filter(|path| is_sdk(path)),
    };
    let Some(path) = path else {
        return Ok(toml_string("version", env!("CARGO_PKG_VERSION")));
    };
    match path.canonicalize() {
        Ok(full) if is_sdk(&full) => Ok(toml_string("path", &full.to_string_lossy())),
        _ => Err(NewError::NoSdk { path }),
    }
}

fn is_sdk(path: &Path) -> bool {
    fs::read_to_string(path.join("Cargo.toml"))
        .is_ok_and(|text| text.contains("name = \"portcullis-guest-sdk\""))
}

fn toml_string(key: &str, value: &str) -> String {
    format!("{key} = {}", toml::Value::from(value))
}

/// The tool and the arguments that the new crate's README and `new` itself show.
fn call(template: Template) -> &'static str {
    match template {
        Template::Tool => "greet --arg name=World",
        Template::StreamingTool => "count --arg to=3 --stream",
        Template::Session => "add --args '{\"item\": \"milk\"}' --args '{\"item\": \"bread\"}'",
        // Its server stands for the author's own, which is not there yet.
        Template::HttpTool => "city --arg name=Berlin",
    }
}

/// What a plugin that asks a server has in its manifest.
const CITIES: &str = r#"
# What the plugin may be granted. `portcullis call` grants it with --allow, and a call that is denied says which.
[capabilities]
request = ["http:GET https://api.example.com/cities"]
"#;

/// What one template has and others have not.
struct Own {
    lib: &'static str,
    about: &'static str,
    policy: &'static str,
    /// Of the SDK.
    feature: Option<&'static str>,
    /// The manifest's capabilities.
    request: &'static str,
}

fn own(template: Template) -> Own {
    let tool = Own {
        lib: include_str!("../../templates/tool.rs"),
        about: "Greets people.",
        policy: "fresh",
        feature: None,
        request: "",
    };
    match template {
        Template::Tool => tool,
        Template::StreamingTool => Own {
            lib: include_str!("../../templates/streaming_tool.rs"),
            about: "Counts, number by number.",
            feature: Some("streaming"),
            ..tool
        },
        Template::Session => Own {
            lib: include_str!("../../templates/session.rs"),
            about: "Keeps a list for as long as a session lasts.",
            policy: "session",
            ..tool
        },
        Template::HttpTool => Own {
            lib: include_str!("../../templates/http_tool.rs"),
            about: "Tells about cities.",
            request: CITIES,
            ..tool
        },
    }
}

/// Each file's path in the crate, and its text.
fn files(name: &str, template: Template, sdk: &str) -> Vec<(&'static str, String)> {
    let own = own(template);
    let features = own.feature.map_or_else(String::new, |feature| {
        format!(", features = [\"{feature}\"]")
    });
    let fill = |text: &str| {
        text.replace("{{name}}", name)
            .replace("{{about}}", own.about)
            .replace("{{policy}}", own.policy)
            .replace("{{request}}", own.request)
            .replace("{{sdk}}", &format!("{sdk}{features}"))
            .replace("{{call}}", call(template))
            .replace("{{repository}}", env!("CARGO_PKG_REPOSITORY"))
    };
    vec![
        (
            "Cargo.toml",
            fill(include_str!("../../templates/Cargo.toml.in")),
        ),
        (
            "plugin.toml",
            fill(include_str!("../../templates/plugin.toml.in")),
        ),
        ("src/lib.rs", own.lib.to_string()),
        (
            "README.md",
            fill(include_str!("../../templates/README.md.in")),
        ),
        (".gitignore", "/target\n".to_string()),
    ]
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
        for template in Template::value_variants() {
            for (path, text) in files("x", *template, "version = \"1\"") {
                assert!(!text.contains("{{"), "{path}: {text}");
            }
        }
    }

    #[test]
    fn a_path_is_written_as_a_toml_string() {
        assert_eq!(toml_string("path", "C:\\a \"b\""), "path = 'C:\\a \"b\"'");
    }
}
