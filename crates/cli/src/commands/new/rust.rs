//! A crate that uses the SDK.

use super::{Files, NewError, Project, filled, manifest};
use crate::args::{NewArgs, Template};
use std::fs;
use std::path::Path;

pub(super) fn project(name: &str, args: &NewArgs) -> Result<Project, NewError> {
    Ok(Project {
        files: files(name, args.template, &sdk(args)?),
        test: Some("cargo test"),
        call: call(args.template),
    })
}

/// Keywords, the crates that every crate sees, folders and programs that Cargo makes, and the one dependency.
pub(super) const RESERVED: &[&str] = &[
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
        lib: include_str!("../../../templates/rust/tool.rs"),
        about: "Greets people.",
        policy: "fresh",
        feature: None,
        request: "",
    };
    match template {
        Template::Tool => tool,
        Template::StreamingTool => Own {
            lib: include_str!("../../../templates/rust/streaming_tool.rs"),
            about: "Counts, number by number.",
            feature: Some("streaming"),
            ..tool
        },
        Template::Session => Own {
            lib: include_str!("../../../templates/rust/session.rs"),
            about: "Keeps a list for as long as a session lasts.",
            policy: "session",
            ..tool
        },
        Template::HttpTool => Own {
            lib: include_str!("../../../templates/rust/http_tool.rs"),
            about: "Tells about cities.",
            request: CITIES,
            ..tool
        },
    }
}

pub(super) fn files(name: &str, template: Template, sdk: &str) -> Files {
    let own = own(template);
    let features = own.feature.map_or_else(String::new, |feature| {
        format!(", features = [\"{feature}\"]")
    });
    let fill = |text: &str| {
        filled(text, name, own.about, call(template))
            .replace("{{sdk}}", &format!("{sdk}{features}"))
    };
    vec![
        (
            "Cargo.toml",
            fill(include_str!("../../../templates/rust/Cargo.toml.in")),
        ),
        ("plugin.toml", fill(&manifest(own.policy, own.request))),
        ("src/lib.rs", own.lib.to_string()),
        (
            "README.md",
            fill(include_str!("../../../templates/rust/README.md.in")),
        ),
        (".gitignore", "/target\n".to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_toml_string() {
        assert_eq!(toml_string("path", "C:\\a \"b\""), "path = 'C:\\a \"b\"'");
    }
}
