//! Lock files: builds are the same everywhere, so each workspace's is there and fits its manifests.

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::shell::metadata;

/// Workspaces beside the root's.
const OUTSIDE: [&str; 4] = [
    "examples/plugins",
    "tests/guests",
    "tests/languages/rust",
    "fuzz",
];

/// Those of them that are there.
pub(super) fn workspaces(tree: &Tree) -> impl Iterator<Item = &'static str> {
    OUTSIDE
        .into_iter()
        .filter(|folder| tree.text(&format!("{folder}/Cargo.toml")).is_some())
}

/// The root's own was needed to get here.
pub(super) fn up_to_date(tree: &Tree) -> Result<Vec<Problem>> {
    let stale = workspaces(tree).filter(|folder| metadata(&tree.root.join(folder), &[]).is_err());
    Ok(stale
        .map(|folder| {
            Problem::new(
                format!("{folder}/Cargo.lock"),
                "the lock file fits the manifests",
                format!("run `cargo metadata` in {folder} and commit its Cargo.lock"),
            )
        })
        .collect())
}
