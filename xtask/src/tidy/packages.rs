//! What `cargo publish` would upload.

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::shell::{cargo, output};

/// The crates whose code is generated from the contract, or that hand it out, each by a link to `wit/`.
const USES_WIT: [&str; 3] = [
    "portcullis-cli",
    "portcullis-guest-sdk",
    "portcullis-host-core",
];

pub(super) fn carry_the_contract(tree: &Tree) -> Result<Vec<Problem>> {
    let contract: Vec<&str> = tree
        .files
        .iter()
        .map(|file| file.path.as_str())
        .filter(|path| path.starts_with("wit/"))
        .collect();
    let mut problems = Vec::new();
    for package in USES_WIT {
        let mut command = cargo(&tree.root);
        command.args([
            "package",
            "--list",
            "--allow-dirty",
            "--locked",
            "--package",
            package,
        ]);
        let listed = output(command)?.replace('\\', "/");
        let missing = contract
            .iter()
            .filter(|path| !listed.lines().any(|line| line == **path));
        problems.extend(missing.map(|path| {
            Problem::new(
                format!("{package}: {path}"),
                "packages that need the contract carry all of it",
                "link the crate's `wit` folder to ../../wit, and leave it out of `exclude`",
            )
        }));
    }
    Ok(problems)
}
