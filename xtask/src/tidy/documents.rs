//! The README and its siblings.

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::ci::gives_command;

const DOCUMENTS: [&str; 7] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
];

/// The one that shows it, and the one that proves it.
const COMMANDS: [&str; 2] = ["cargo xtask demo", "cargo xtask test"];

pub(super) fn present(tree: &Tree) -> Result<Vec<Problem>> {
    let missing = DOCUMENTS.iter().filter(|path| tree.text(path).is_none());
    Ok(missing
        .map(|path| Problem::new(*path, "the project has this document", "write it"))
        .collect())
}

pub(super) fn readme_gives_commands(tree: &Tree) -> Result<Vec<Problem>> {
    let readme = tree.text("README.md").unwrap_or_default();
    let missing = COMMANDS
        .iter()
        .filter(|command| !gives_command(readme, command));
    let problem = |command| {
        Problem::new(
            format!("README.md: {command}"),
            "the README gives the commands that show the project and prove it",
            "add each on a line of a code block",
        )
    };
    Ok(missing.map(problem).collect())
}

pub(super) fn samples_compiled(tree: &Tree) -> Result<Vec<Problem>> {
    let pages = tree.files.iter().filter(|file| {
        file.path == "README.md" || (file.path.starts_with("docs/") && file.path.ends_with(".md"))
    });
    let unseen = pages
        .filter(|page| has_rust_sample(&page.text))
        .filter(|page| {
            let included = format!("{}\")", page.path);
            !tree
                .rust()
                .any(|file| file.text.contains("include_str!") && file.text.contains(&included))
        });
    Ok(unseen
        .map(|page| {
            Problem::new(
                page.path.as_str(),
                "Rust samples in documents are compiled by doc tests",
                "include the page with `#[doc = include_str!(…)]` in an item under `#[cfg(doctest)]`",
            )
        })
        .collect())
}

fn has_rust_sample(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("```"))
        .any(|info| {
            let mut words = info.split([',', ' ']);
            words.next() == Some("rust") && !words.any(|word| word == "ignore")
        })
}

#[cfg(test)]
mod tests {
    use super::has_rust_sample;

    #[test]
    fn a_sample_is_a_block_marked_as_rust() {
        assert!(has_rust_sample("text\n```rust,no_run\nfn main() {}\n```"));
        assert!(!has_rust_sample("```toml\n[package]\n```"));
        assert!(!has_rust_sample("```\nrust\n```"));
    }
}
