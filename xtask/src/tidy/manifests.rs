//! The members' Cargo.toml files.

use anyhow::{Context, Result};
use toml::Table;

use super::Problem;
use super::tree::Tree;

pub(super) fn lints(tree: &Tree) -> Result<Vec<Problem>> {
    let workspace = manifest(tree, "")?;
    let docs_for_all = workspace["workspace"]["lints"]["rust"]
        .get("missing_docs")
        .is_some();
    let mut problems = Vec::new();
    for member in tree.members()? {
        if !inherits_lints(&manifest(tree, &member.folder)?) {
            problems.push(Problem::new(
                format!("{}/Cargo.toml", member.folder),
                "every package has the workspace's lints",
                "add `[lints]` with `workspace = true`",
            ));
        }
        let library = format!("{}/src/lib.rs", member.folder);
        let text = tree
            .text(&library)
            .filter(|_| member.folder.starts_with("crates/"));
        if !docs_for_all && text.is_some_and(|text| !text.contains("#![deny(missing_docs)]")) {
            problems.push(Problem::new(
                library,
                "library crates document every public item",
                "add `#![deny(missing_docs)]`",
            ));
        }
    }
    Ok(problems)
}

pub(super) fn pins_used(tree: &Tree) -> Result<Vec<Problem>> {
    let workspace = manifest(tree, "")?;
    let pins = workspace["workspace"]["dependencies"]
        .as_table()
        .context("no workspace.dependencies")?
        .keys();
    let manifests: Vec<Table> = tree
        .members()?
        .iter()
        .map(|member| manifest(tree, &member.folder))
        .collect::<Result<_>>()?;
    let unused = pins.filter(|pin| !manifests.iter().any(|manifest| inherits(manifest, pin)));
    Ok(unused
        .map(|pin| {
            Problem::new(
                format!("Cargo.toml: {pin}"),
                "every pin in [workspace.dependencies] is used",
                "remove it, or use it with `workspace = true`",
            )
        })
        .collect())
}

fn manifest(tree: &Tree, folder: &str) -> Result<Table> {
    let path = if folder.is_empty() {
        "Cargo.toml".to_owned()
    } else {
        format!("{folder}/Cargo.toml")
    };
    let text = tree
        .text(&path)
        .with_context(|| format!("{path} can't be read"))?;
    text.parse().with_context(|| format!("{path} is no TOML"))
}

fn inherits_lints(manifest: &Table) -> bool {
    manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

/// Whether any dependency table of the manifest, a target's too, takes this pin from the workspace.
fn inherits(manifest: &Table, pin: &str) -> bool {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(toml::Value::as_table);
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)))
        .any(|dependencies| {
            dependencies
                .get(pin)
                .is_some_and(|dependency| dependency.get("workspace").is_some())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_counts_as_used_in_every_kind_of_table() {
        let manifest: Table = "
            [dependencies]
            serde.workspace = true
            toml = \"1\"
            [target.'cfg(unix)'.dev-dependencies]
            libc = { workspace = true, features = [\"std\"] }
        "
        .parse()
        .unwrap();
        assert!(inherits(&manifest, "serde"));
        assert!(inherits(&manifest, "libc"));
        assert!(!inherits(&manifest, "toml"));
        assert!(!inherits(&manifest, "url"));
    }

    #[test]
    fn lints_of_a_packages_own_are_not_the_workspaces() {
        assert!(inherits_lints(
            &"[lints]\nworkspace = true".parse().unwrap()
        ));
        assert!(!inherits_lints(
            &"[lints.rust]\nunsafe_code = \"allow\"".parse().unwrap()
        ));
    }
}
