//! The programs that newcomers copy.

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::build_examples::plugins;

/// Too small for tests of their own, and loaded by the tests of the host.
const TINY: [&str; 2] = ["hello", "hello-sync"];

/// The longest that the first example's source and Cargo.toml may be: what an author sees first is all there is to it.
const FIRST_EXAMPLE_LINES: usize = 10;

pub(super) fn tested_and_described(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for name in plugins()? {
        let folder = format!("examples/plugins/{name}");
        let mut sources = tree
            .rust()
            .filter(|file| file.path.starts_with(&format!("{folder}/")));
        if !TINY.contains(&name.as_str()) && !sources.any(|file| file.text.contains("#[test]")) {
            problems.push(Problem::new(
                folder.as_str(),
                "every example plugin has a test that calls its functions natively",
                "add one; `cargo test` in the folder runs it",
            ));
        }
        let described = ["README.md", "examples/README.md"].iter().any(|path| {
            tree.text(path)
                .is_some_and(|text| text.contains(&format!("`{name}`")) || text.contains(&folder))
        });
        if !described && tree.text(&format!("{folder}/README.md")).is_none() {
            problems.push(Problem::new(
                folder.as_str(),
                "every example plugin is described, with the command that calls it",
                "add a README.md, or a line in the root's",
            ));
        }
    }
    Ok(problems)
}

pub(super) fn hello_is_small(tree: &Tree) -> Result<Vec<Problem>> {
    let files = [
        "examples/plugins/hello/src/lib.rs",
        "examples/plugins/hello/Cargo.toml",
    ];
    let long = files.iter().filter(|path| {
        tree.text(path)
            .is_none_or(|text| text.lines().count() > FIRST_EXAMPLE_LINES)
    });
    Ok(long
        .map(|path| {
            Problem::new(
                *path,
                format!("the first example is there, in at most {FIRST_EXAMPLE_LINES} lines"),
                "make the SDK need less, not the example say less",
            )
        })
        .collect())
}
