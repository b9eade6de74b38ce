//! Reads a Cargo.lock: which packages, which of them twice, and who needs what.

use std::collections::BTreeMap;

use cargo_lock::dependency::Tree;
use cargo_lock::dependency::graph::{EdgeDirection, NodeIndex};
use cargo_lock::{Lockfile, Package};
use portcullis_guest_sdk::prelude::*;

/// One package of the lock file.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Locked {
    pub name: String,
    pub version: String,
    /// The registry or repository it comes from; none for a package of the workspace.
    pub source: Option<String>,
    /// How many packages it needs directly.
    pub dependencies: usize,
}

/// Packages in the order of their names.
#[plugin_type]
pub struct Packages {
    pub count: usize,
    pub packages: Vec<Locked>,
}

/// One version of a package that is there in several.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Version {
    pub version: String,
    /// The packages that need this version directly, as `name version`.
    pub needed_by: Vec<String>,
}

/// A package that is there in several versions.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Duplicate {
    pub name: String,
    pub versions: Vec<Version>,
}

/// Packages that are there in several versions.
#[plugin_type]
pub struct Duplicates {
    pub duplicates: Vec<Duplicate>,
}

/// A package that depends on the one that was asked for.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Dependent {
    pub name: String,
    pub version: String,
    /// The way from it to the package that was asked for, each step as `name version`; one of the shortest.
    pub path: Vec<String>,
}

/// Packages that depend on one package, the nearest first.
#[plugin_type]
pub struct Dependents {
    pub dependents: Vec<Dependent>,
}

/// Lists the packages of a Cargo.lock with their versions and sources.
#[plugin_tool(read_only)]
fn packages(
    /// The text of a Cargo.lock.
    lockfile: String,
    /// Only packages whose names contain this.
    name: Option<String>,
) -> Result<Packages, ToolError> {
    let wanted = name.unwrap_or_default();
    let packages: Vec<Locked> = parse(&lockfile)?
        .packages
        .iter()
        .filter(|package| package.name.as_str().contains(&wanted))
        .map(|package| Locked {
            name: package.name.to_string(),
            version: package.version.to_string(),
            source: package
                .source
                .as_ref()
                .map(|source| source.url().to_string()),
            dependencies: package.dependencies.len(),
        })
        .collect();
    Ok(Packages {
        count: packages.len(),
        packages,
    })
}

/// Lists the packages that a Cargo.lock holds in several versions, and who needs which version.
#[plugin_tool(read_only)]
fn duplicates(
    /// The text of a Cargo.lock.
    lockfile: String,
) -> Result<Duplicates, ToolError> {
    let tree = tree(&lockfile)?;
    let mut names: BTreeMap<&str, Vec<NodeIndex>> = BTreeMap::new();
    for &node in tree.nodes().values() {
        names
            .entry(tree.graph()[node].name.as_str())
            .or_default()
            .push(node);
    }
    let version = |&node: &NodeIndex| {
        let mut needed_by: Vec<String> = needed_by(&tree, node)
            .map(|user| label(&tree.graph()[user]))
            .collect();
        needed_by.sort();
        Version {
            version: tree.graph()[node].version.to_string(),
            needed_by,
        }
    };
    let duplicates = names
        .into_iter()
        .filter(|(_, nodes)| nodes.len() > 1)
        .map(|(name, nodes)| Duplicate {
            name: name.into(),
            versions: nodes.iter().map(version).collect(),
        })
        .collect();
    Ok(Duplicates { duplicates })
}

/// Lists the packages that depend on one package of a Cargo.lock, and how.
#[plugin_tool(read_only)]
fn dependents(
    /// The text of a Cargo.lock.
    lockfile: String,
    /// The name of the package that others depend on.
    package: String,
    /// Only this version of it.
    version: Option<String>,
    /// Only packages that name it themselves.
    #[arg(default)]
    direct: bool,
) -> Result<Dependents, ToolError> {
    let tree = tree(&lockfile)?;
    let wanted = |found: &Package| {
        found.name.as_str() == package
            && version
                .as_ref()
                .is_none_or(|version| found.version.to_string() == *version)
    };
    let roots: Vec<NodeIndex> = tree
        .nodes()
        .values()
        .copied()
        .filter(|&node| wanted(&tree.graph()[node]))
        .collect();
    if roots.is_empty() {
        let version = version.as_deref().unwrap_or("in any version");
        return Err(ToolError::not_found(format!(
            "the lock file has no package `{package}` {version}"
        )));
    }
    let paths = paths_to(&tree, &roots);
    let dependents = paths
        .into_iter()
        .filter(|path| path.len() > 1 && (path.len() == 2 || !direct))
        .map(|path| {
            let dependent = &tree.graph()[path[0]];
            Dependent {
                name: dependent.name.to_string(),
                version: dependent.version.to_string(),
                path: path
                    .iter()
                    .map(|&node| label(&tree.graph()[node]))
                    .collect(),
            }
        })
        .collect();
    Ok(Dependents { dependents })
}

/// A shortest path to one of `roots` from each package that has one, the shortest first.
fn paths_to(tree: &Tree, roots: &[NodeIndex]) -> Vec<Vec<NodeIndex>> {
    let mut next: BTreeMap<NodeIndex, Option<NodeIndex>> =
        roots.iter().map(|&root| (root, None)).collect();
    let mut reached = roots.to_vec();
    let mut done = 0;
    while let Some(&node) = reached.get(done) {
        done += 1;
        let mut users: Vec<NodeIndex> = needed_by(tree, node).collect();
        users.sort();
        for user in users {
            if let std::collections::btree_map::Entry::Vacant(entry) = next.entry(user) {
                entry.insert(Some(node));
                reached.push(user);
            }
        }
    }
    reached
        .into_iter()
        .map(|from| std::iter::successors(Some(from), |node| next[node]).collect())
        .collect()
}

fn needed_by(tree: &Tree, node: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    tree.graph()
        .neighbors_directed(node, EdgeDirection::Incoming)
}

fn label(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

fn parse(text: &str) -> Result<Lockfile, ToolError> {
    let refused = |reason: &dyn std::fmt::Display| {
        ToolError::invalid_arguments(format!(
            "`lockfile` is not the text of a Cargo.lock: {reason}"
        ))
    };
    let lockfile: Lockfile = text.parse().map_err(|error| refused(&error))?;
    // The parser takes any TOML without packages for an empty lock file, a Cargo.toml too.
    if lockfile.packages.is_empty() {
        return Err(refused(&"it has no packages"));
    }
    Ok(lockfile)
}

fn tree(lockfile: &str) -> Result<Tree, ToolError> {
    parse(lockfile)?.dependency_tree().map_err(|error| {
        ToolError::invalid_arguments(format!("`lockfile` contradicts itself: {error}"))
    })
}

#[cfg(test)]
mod tests;
