//! The WIT packages: they parse, and say what every item is and since when it exists.

use anyhow::{Context, Result};
use wit_parser::{Docs, Interface, Resolve, Stability, TypeDefKind, World};

use super::Problem;
use super::tree::Tree;

pub(super) fn documented(tree: &Tree) -> Result<Vec<Problem>> {
    let mut resolve = Resolve::default();
    resolve
        .push_dir(tree.root.join("wit"))
        .context("wit/ does not parse")?;
    Ok(undocumented(&resolve))
}

fn undocumented(resolve: &Resolve) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (_, package) in &resolve.packages {
        let mut items = Items {
            at: package.name.to_string(),
            problems: &mut problems,
        };
        items.doc("", &package.docs);
        for id in package.worlds.values() {
            items.world(&resolve.worlds[*id]);
        }
        for id in package.interfaces.values() {
            items.interface(resolve, &resolve.interfaces[*id]);
        }
    }
    problems
}

struct Items<'a> {
    at: String,
    problems: &'a mut Vec<Problem>,
}

impl Items<'_> {
    fn world(&mut self, world: &World) {
        self.item(&world.name, &world.docs, &world.stability);
    }

    fn interface(&mut self, resolve: &Resolve, interface: &Interface) {
        let name = interface.name.as_deref().unwrap_or("?");
        self.item(name, &interface.docs, &interface.stability);
        for function in interface.functions.values() {
            self.item(
                &format!("{name}.{}", function.name),
                &function.docs,
                &function.stability,
            );
        }
        for (type_name, id) in &interface.types {
            let item = &resolve.types[*id];
            // A `use` is documented where it comes from.
            if !matches!(item.kind, TypeDefKind::Type(_)) {
                let name = format!("{name}.{type_name}");
                self.item(&name, &item.docs, &item.stability);
                self.parts(&name, &item.kind);
            }
        }
    }

    fn parts(&mut self, name: &str, kind: &TypeDefKind) {
        let parts: Vec<(&String, &Docs)> = match kind {
            TypeDefKind::Record(record) => record
                .fields
                .iter()
                .map(|field| (&field.name, &field.docs))
                .collect(),
            TypeDefKind::Variant(variant) => variant
                .cases
                .iter()
                .map(|case| (&case.name, &case.docs))
                .collect(),
            TypeDefKind::Enum(cases) => cases
                .cases
                .iter()
                .map(|case| (&case.name, &case.docs))
                .collect(),
            TypeDefKind::Flags(flags) => flags
                .flags
                .iter()
                .map(|flag| (&flag.name, &flag.docs))
                .collect(),
            _ => Vec::new(),
        };
        for (part, docs) in parts {
            self.doc(&format!("{name}.{part}"), docs);
        }
    }

    fn item(&mut self, name: &str, docs: &Docs, stability: &Stability) {
        self.doc(name, docs);
        if *stability == Stability::Unknown {
            self.problem(
                name,
                "every item of the contract says since which version it exists",
                "add `@since(version = …)`",
            );
        }
    }

    fn doc(&mut self, name: &str, docs: &Docs) {
        if docs
            .contents
            .as_deref()
            .is_none_or(|text| text.trim().is_empty())
        {
            self.problem(
                name,
                "every item of the contract is documented",
                "add a `///` line that says what it means",
            );
        }
    }

    fn problem(&mut self, name: &str, rule: &str, remedy: &str) {
        self.problems
            .push(Problem::new(format!("{} {name}", self.at), rule, remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(source: &str) -> Vec<String> {
        let mut resolve = Resolve::default();
        resolve.push_source("test.wit", source).unwrap();
        undocumented(&resolve)
            .into_iter()
            .map(|problem| problem.place)
            .collect()
    }

    #[test]
    fn a_documented_package_has_no_problem() {
        let source = "
            /// A package.
            package a:b@0.1.0;
            /// An interface.
            @since(version = 0.1.0)
            interface i {
                /// A record.
                @since(version = 0.1.0)
                record r {
                    /// A field.
                    f: u8,
                }
            }";
        assert!(places(source).is_empty());
    }

    #[test]
    fn what_lacks_a_word_or_a_version_is_named() {
        let source = "
            /// A package.
            package a:b@0.1.0;
            /// An interface.
            @since(version = 0.1.0)
            interface i {
                /// A record.
                record r { f: u8 }
                @since(version = 0.1.0)
                go: func();
            }";
        assert_eq!(
            places(source),
            ["a:b@0.1.0 i.go", "a:b@0.1.0 i.r", "a:b@0.1.0 i.r.f"]
        );
    }
}
