//! What a component's `package-docs` section says of its functions.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasmparser::{Parser, Payload};

const SECTION: &str = "package-docs";

/// Versions of the section, its first byte, that are read alike.
const VERSIONS: [u8; 2] = [0, 1];

/// The documentation of a package.
#[derive(Default, Deserialize)]
pub(crate) struct Docs {
    #[serde(default)]
    worlds: BTreeMap<String, World>,
    #[serde(default)]
    interfaces: BTreeMap<String, Interface>,
}

#[derive(Default, Deserialize)]
struct World {
    #[serde(default)]
    func_exports: BTreeMap<String, Function>,
    #[serde(default)]
    interface_exports: BTreeMap<String, Interface>,
}

#[derive(Default, Deserialize)]
struct Interface {
    #[serde(default)]
    funcs: BTreeMap<String, Function>,
}

/// Of an older writer, the text alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Function {
    Text(String),
    Item { docs: Option<String> },
}

impl Function {
    fn text(&self) -> Option<&str> {
        match self {
            Function::Text(text) => Some(text),
            Function::Item { docs } => docs.as_deref(),
        }
    }
}

impl Docs {
    /// Reads a component's own section. Where there is none, or one that can't be read, nothing is documented: nothing but
    /// descriptions hangs on it.
    pub(crate) fn read(component: &[u8]) -> Self {
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload {
                Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
                Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
                Ok(Payload::CustomSection(section)) if depth == 0 && section.name() == SECTION => {
                    return Self::parse(section.data());
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Self::default()
    }

    fn parse(section: &[u8]) -> Self {
        let read = section.split_first();
        let read = read.filter(|(version, _)| VERSIONS.contains(version));
        read.and_then(|(_, json)| serde_json::from_slice(json).ok())
            .unwrap_or_default()
    }

    /// What is said of a function: of an interface by its name without package and version, or of the world.
    pub(crate) fn of(&self, interface: Option<&str>, function: &str) -> Option<&str> {
        let mut worlds = self.worlds.values();
        let found = match interface {
            Some(interface) => {
                let own = self.interfaces.get(interface);
                let inline = worlds.filter_map(|world| world.interface_exports.get(interface));
                let mut interfaces = own.into_iter().chain(inline);
                interfaces.find_map(|interface| interface.funcs.get(function))
            }
            None => worlds.find_map(|world| world.func_exports.get(function)),
        };
        found.and_then(Function::text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_in_interfaces_and_worlds_of_both_versions() {
        let json = r#"{"docs": "all", "worlds": {"w": {"func_exports": {"bare": "Old."},
            "interface_exports": {"inline": {"funcs": {"f": {"docs": "Inline."}}}}}},
            "interfaces": {"api": {"docs": "x", "funcs": {"get": {"docs": "Gets."}}}}}"#;
        for version in VERSIONS {
            let docs = Docs::parse(&[&[version], json.as_bytes()].concat());
            assert_eq!(docs.of(Some("api"), "get"), Some("Gets."));
            assert_eq!(docs.of(Some("inline"), "f"), Some("Inline."));
            assert_eq!(docs.of(None, "bare"), Some("Old."));
            assert_eq!(docs.of(None, "get"), None);
        }
    }

    #[test]
    fn what_cannot_be_read_documents_nothing() {
        for section in [&b""[..], b"\x02{}", b"\x01{", b"\x01[]"] {
            assert_eq!(Docs::parse(section).of(None, "f"), None);
        }
    }
}
