//! The addresses that count as public are those of the registries in the checkout.

use std::time::{Duration, SystemTime};

use anyhow::Result;

use super::Problem;
use super::tree::Tree;
use crate::registries::{DATA, TABLE, date, generate};

/// After this the registries are worth a look. It is no problem of the checkout: a tree that was right stays right.
const OLD: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn table_is_generated(tree: &Tree) -> Result<Vec<Problem>> {
    let readme = format!("{DATA}/README.md");
    let day = date(tree.text(&readme).unwrap_or_default())?;
    let fetched = humantime::parse_rfc3339(&format!("{day}T00:00:00Z"))?;
    if SystemTime::now() > fetched + OLD {
        println!(
            "  note  IANA's registries in {DATA} are of {day}, more than a year old: fetch them again"
        );
    }
    let is_current = tree.text(TABLE) == Some(generate(&tree.root)?.as_str());
    let problem = || {
        Problem::new(
            TABLE,
            format!("the table of addresses is made from the registries in {DATA}"),
            "run `cargo xtask registries`",
        )
    };
    Ok((!is_current).then(problem).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_says_something_else_is_found() {
        let mut tree = Tree::read().unwrap();
        assert_eq!(table_is_generated(&tree).unwrap(), []);
        let table = tree.files.iter_mut().find(|file| file.path == TABLE);
        let table = table.expect("the table is there");
        table.text = table.text.replacen(
            "\"10.0.0.0/8\", \"Private-Use\", false",
            "\"10.0.0.0/8\", \"Private-Use\", true",
            1,
        );
        assert_eq!(table_is_generated(&tree).unwrap().len(), 1);
    }
}
