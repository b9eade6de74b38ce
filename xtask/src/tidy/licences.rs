//! Every dependency can be used by whoever uses the project: each licence expression has a permissive way out.

use anyhow::Result;
use serde_json::Value;

use super::Problem;
use super::tree::Tree;
use crate::shell::metadata;

/// Asks for no more than attribution. `Unicode-3.0` covers data tables; `CDLA-Permissive-2.0` root certificates.
const PERMISSIVE: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn permissive(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = problems(&tree.metadata);
    for workspace in super::locks::workspaces(tree) {
        problems.extend(self::problems(&metadata(&tree.root.join(workspace), &[])?));
    }
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    problems.dedup();
    Ok(problems)
}

fn problems(metadata: &Value) -> Vec<Problem> {
    // What has no source is the project's own.
    let packages = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| !package["source"].is_null());
    let refused = packages.filter_map(|package| {
        let licence = package["license"].as_str().unwrap_or_default();
        (!allows(licence)).then_some((package, licence))
    });
    refused
        .map(|(package, licence)| {
            let text = |key: &str| package[key].as_str().unwrap_or("?");
            Problem::new(
                format!("{} {}: `{licence}`", text("name"), text("version")),
                "licences of dependencies are permissive",
                "use another crate, or add the licence to PERMISSIVE if attribution is all that it asks for",
            )
        })
        .collect()
}

/// Whether an SPDX expression can be met by permissive licences alone. `/` is how old crates write `OR`.
fn allows(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ")
        .replace(" WITH ", "\u{0}");
    let mut words = spaced.split_ascii_whitespace().peekable();
    any(&mut words) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitAsciiWhitespace<'a>>;

/// None: malformed.
fn any(words: &mut Words<'_>) -> Option<bool> {
    let mut met = all(words)?;
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words)?;
    }
    Some(met)
}

fn all(words: &mut Words<'_>) -> Option<bool> {
    let mut met = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words)?;
    }
    Some(met)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    match words.next()? {
        "(" => {
            let met = any(words)?;
            words.next_if_eq(&")").map(|_| met)
        }
        licence => Some(PERMISSIVE.contains(&licence.replace('\u{0}', " WITH ").as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn one_permissive_alternative_is_enough() {
        assert!(allows("MIT OR GPL-3.0"));
        assert!(allows("Unlicense/MIT"));
        assert!(allows("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
        assert!(allows("(GPL-2.0 OR MIT) AND Unicode-3.0"));
    }

    #[test]
    fn every_part_of_a_conjunction_counts() {
        assert!(!allows("MIT AND GPL-3.0"));
        assert!(!allows("(MIT OR Apache-2.0) AND (GPL-2.0 OR LGPL-2.1)"));
        assert!(allows("(MIT OR Apache-2.0) AND BSD-3-Clause"));
    }

    #[test]
    fn what_is_missing_or_malformed_is_refused() {
        for expression in [
            "",
            "MIT OR",
            "(MIT",
            "MIT Apache-2.0",
            "GPL-2.0 WITH Classpath-exception-2.0",
        ] {
            assert!(!allows(expression), "{expression}");
        }
    }
}
