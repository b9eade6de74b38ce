//! The rules of the code base that the compiler can't check. Each check is one function from the tree to the places
//! that break its rule; a place comes with the rule and the remedy.

mod connections;
mod contract;
mod crates;
mod documents;
mod examples;
mod licences;
mod locks;
mod manifests;
mod packages;
mod registries;
mod sources;
mod tree;

use anyhow::{Result, bail};

use tree::Tree;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    rule: String,
    remedy: String,
    /// `path:line`, a path, or a package.
    place: String,
}

impl Problem {
    fn new(place: impl Into<String>, rule: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
            remedy: remedy.into(),
        }
    }
}

type Check = fn(&Tree) -> Result<Vec<Problem>>;

const CHECKS: [(&str, Check); 21] = [
    ("crates are those of the map", crates::on_the_map),
    ("crates depend on what they may", crates::dependencies),
    (
        "two places open connections for guests",
        connections::two_places,
    ),
    (
        "the engine's own HTTP client is off",
        connections::no_default_client,
    ),
    ("licences are permissive", licences::permissive),
    ("lock files are up to date", locks::up_to_date),
    ("lints are the workspace's", manifests::lints),
    ("pinned dependencies are used", manifests::pins_used),
    (
        "published crates carry the WIT files",
        packages::carry_the_contract,
    ),
    (
        "the table of addresses is that of the registries",
        registries::table_is_generated,
    ),
    (
        "the contract parses and is documented",
        contract::documented,
    ),
    (
        "example plugins are tested and described",
        examples::tested_and_described,
    ),
    ("the first example is small", examples::hello_is_small),
    ("the project's documents are there", documents::present),
    (
        "the README gives the two commands",
        documents::readme_gives_commands,
    ),
    (
        "samples in the documents are compiled",
        documents::samples_compiled,
    ),
    ("files are of readable length", sources::length),
    ("functions are of readable length", sources::function_length),
    ("nothing is left half done", sources::finished),
    (
        "generated bindings and unsafe code stay where they belong",
        sources::confined,
    ),
    ("no path of somebody's machine", sources::machine_paths),
];

pub(crate) fn run() -> Result<()> {
    let tree = Tree::read()?;
    let mut problems = 0;
    for (name, check) in CHECKS {
        let mut found = check(&tree)?;
        found.sort();
        println!(
            "{:>6}  {name}",
            if found.is_empty() { "ok" } else { "FAILED" }
        );
        // One rule is told once, whatever number of places break it.
        for group in found.chunk_by(|a, b| (&a.rule, &a.remedy) == (&b.rule, &b.remedy)) {
            println!("        {}; {}:", group[0].rule, group[0].remedy);
            group
                .iter()
                .for_each(|problem| println!("          {}", problem.place));
        }
        problems += found.len();
    }
    if problems > 0 {
        bail!("tidy found {problems} problem(s)");
    }
    Ok(())
}
