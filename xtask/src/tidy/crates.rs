//! The crate map: which packages there are, and who may depend on whom.

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::shell::{cargo, output};

/// One package of `crates/`. A name that ends in `*` stands for all that start with it.
struct Rule {
    package: &'static str,
    /// The project's packages that it may name as a dependency.
    may_use: &'static [&'static str],
    /// What must not be among its dependencies, nor among theirs.
    never: &'static [&'static str],
}

/// What executes plugins, waits, or opens files and sockets.
const EXECUTION: [&str; 10] = [
    "wasmtime*",
    "cranelift*",
    "tokio*",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "hyper*",
    "reqwest",
    "rustls*",
];

/// Whatever runs on the host's side.
const HOST: [&str; 5] = [
    "portcullis-host-*",
    "portcullis-mcp",
    "portcullis-cli",
    "wasmtime*",
    "tokio",
];

const MAP: [Rule; 8] = [
    Rule {
        package: "portcullis-contract",
        may_use: &[],
        never: &EXECUTION,
    },
    Rule {
        package: "portcullis-host-policy",
        may_use: &[],
        never: &EXECUTION,
    },
    Rule {
        package: "portcullis-host-core",
        may_use: &["portcullis-contract", "portcullis-host-policy"],
        never: &[
            "portcullis-guest-sdk",
            "portcullis-macros",
            "portcullis-host-agent",
            "portcullis-mcp",
            "portcullis-cli",
        ],
    },
    Rule {
        package: "portcullis-host-agent",
        may_use: &[
            "portcullis-contract",
            "portcullis-host-core",
            "portcullis-host-policy",
        ],
        never: &[
            "portcullis-guest-sdk",
            "portcullis-macros",
            "portcullis-mcp",
            "portcullis-cli",
        ],
    },
    Rule {
        package: "portcullis-mcp",
        may_use: &["portcullis-host-agent", "portcullis-host-policy"],
        never: &[
            "portcullis-guest-sdk",
            "portcullis-macros",
            "portcullis-cli",
        ],
    },
    Rule {
        package: "portcullis-macros",
        may_use: &[],
        never: &HOST,
    },
    Rule {
        package: "portcullis-guest-sdk",
        may_use: &["portcullis-contract", "portcullis-macros"],
        never: &HOST,
    },
    Rule {
        package: "portcullis-cli",
        may_use: &[
            "portcullis-host-agent",
            "portcullis-host-core",
            "portcullis-host-policy",
            "portcullis-mcp",
        ],
        never: &["portcullis-guest-sdk", "portcullis-macros"],
    },
];

/// The one library that embeds the engine, beside the bench, whose floor is an embedding of its own.
const ON_THE_ENGINE: [&str; 2] = ["portcullis-host-core", "portcullis-bench"];

pub(super) fn on_the_map(tree: &Tree) -> Result<Vec<Problem>> {
    let strangers = tree
        .members()?
        .into_iter()
        .filter(|member| member.folder.starts_with("crates/"));
    let strangers = strangers.filter(|member| MAP.iter().all(|rule| rule.package != member.name));
    Ok(strangers
        .map(|member| {
            Problem::new(
                member.folder,
                "every crate is on the map, with what it may depend on",
                "add it to the table in ARCHITECTURE.md and to MAP in xtask/src/tidy/crates.rs",
            )
        })
        .collect())
}

pub(super) fn dependencies(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for member in tree.members()? {
        let direct = direct(member.metadata);
        if !ON_THE_ENGINE.contains(&member.name)
            && let Some(engine) = direct.iter().find(|name| name.starts_with("wasmtime"))
        {
            problems.push(Problem::new(
                member.folder.as_str(),
                format!(
                    "only {} may depend on the engine; this names {engine}",
                    ON_THE_ENGINE.join(" and ")
                ),
                "go through portcullis-host-core's public interface",
            ));
        }
        let Some(rule) = MAP.iter().find(|rule| rule.package == member.name) else {
            continue;
        };
        let ours = direct
            .iter()
            .filter(|name| name.starts_with("portcullis-") && !rule.may_use.contains(name));
        problems.extend(ours.map(|name| {
            Problem::new(
                member.folder.as_str(),
                format!("{} must not depend on {name}", rule.package),
                "move the code to the side of the crate map that it belongs to (ARCHITECTURE.md)",
            )
        }));
        for name in closure(tree, rule.package)?
            .iter()
            .filter(|name| matches_any(name, rule.never))
        {
            problems.push(Problem::new(
                member.folder.as_str(),
                format!(
                    "{} must never have {name} among its dependencies, not even by way of others",
                    rule.package
                ),
                format!(
                    "`cargo tree -p {} -e normal,build -i {name}` shows the way it comes in",
                    rule.package
                ),
            ));
        }
    }
    Ok(problems)
}

/// The dependencies that a package itself names, tests' excepted.
fn direct(package: &serde_json::Value) -> Vec<&str> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str())
        .collect()
}

/// All that a package pulls in, with the features that it gets when it is built alone.
fn closure(tree: &Tree, package: &str) -> Result<Vec<String>> {
    let mut command = cargo(&tree.root);
    command.args([
        "tree",
        "--locked",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--target",
        "all",
    ]);
    command.args(["--prefix", "none", "--format", "{p}"]);
    let names = output(command)?;
    let mut names: Vec<_> = names
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn matches_any(name: &str, patterns: &[&str]) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_every_name_with_that_start() {
        assert!(matches_any("wasmtime-wasi", &["wasmtime*"]));
        assert!(matches_any("mio", &["tokio", "mio"]));
        assert!(!matches_any("mio-extras", &["mio"]));
    }

    #[test]
    fn dependencies_of_tests_are_free() {
        let package = serde_json::json!({ "dependencies": [
            { "name": "serde", "kind": null }, { "name": "tokio", "kind": "dev" }, { "name": "cc", "kind": "build" },
        ] });
        assert_eq!(direct(&package), ["serde", "cc"]);
    }
}
