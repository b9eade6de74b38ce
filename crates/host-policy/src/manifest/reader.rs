//! From text to a manifest, or to everything that is wrong with it.

use std::ops::Range;

use toml::de::DeTable;

use super::{CapabilitiesSection, InstancePolicy, InstancesSection, Manifest, PluginSection};
use crate::capability::{Capability, HttpRule};
use crate::document::{self, DocumentErrorKind as Kind, DocumentErrors, Node, Reader};
use crate::id::PluginId;

pub(super) const TABLES: &[&str] = &["plugin", "capabilities", "limits", "config", "instances"];
pub(super) const PLUGIN_KEYS: &[&str] = &[
    "id",
    "version",
    "name",
    "description",
    "license",
    "authors",
    "homepage",
    "repository",
];

/// Longest description, in characters: some paragraphs.
pub(super) const MAX_DESCRIPTION: usize = 4096;

pub(super) fn read(text: &str) -> Result<Manifest, DocumentErrors> {
    document::parse(text, Reader::manifest)
}

impl Reader<'_> {
    fn manifest(&mut self, root: &DeTable<'_>) -> Option<Manifest> {
        self.known_keys(root, TABLES);
        let plugin = match root.get("plugin") {
            Some(node) => self
                .table(node, "plugin")
                .and_then(|table| self.plugin(table, node.span())),
            None => {
                self.fail(0..0, Kind::Missing("[plugin]")).suggestion =
                    Some("[plugin] with id and version".to_owned());
                None
            }
        };
        let capabilities = self.section(root, "capabilities", Self::capabilities);
        let limits = self.section(root, "limits", Self::limits);
        let instances = self.section(root, "instances", Self::instances);
        let config = root.get("config").map(|node| self.config(node));
        Some(Manifest {
            plugin: plugin?,
            capabilities,
            limits,
            config,
            instances,
        })
    }

    fn plugin(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<PluginSection> {
        self.known_keys(table, PLUGIN_KEYS);
        let id = self.required(table, &span, "id", |text| {
            text.parse::<PluginId>().map_err(|error| error.to_string())
        });
        let version = self.required(table, &span, "version", |text| {
            let rule = |error| format!("{text:?} is no version such as \"1.2.0\": {error}");
            text.parse::<semver::Version>().map_err(rule)
        });
        let name = self.line(table, "name");
        let description = self.prose(table, "description", MAX_DESCRIPTION, |c| {
            c.is_control() && c != '\n'
        });
        let license = self.line(table, "license");
        let authors = self.authors(table);
        let homepage = self.address(table, "homepage");
        let repository = self.address(table, "repository");
        Some(PluginSection {
            id: id?,
            version: version?,
            name,
            description,
            license,
            authors,
            homepage,
            repository,
        })
    }

    fn authors(&mut self, table: &DeTable<'_>) -> Vec<String> {
        let authors = self.strings(table, "authors");
        let one = |(node, text): (Node<'_, '_>, &str)| {
            self.prose_text(
                node.span(),
                "authors",
                text,
                document::MAX_LINE,
                char::is_control,
            )
        };
        authors.into_iter().filter_map(one).collect()
    }

    fn capabilities(&mut self, table: &DeTable<'_>) -> CapabilitiesSection {
        self.known_keys(table, &["request"]);
        let mut request = Vec::new();
        for (node, capability) in self.capability_list(table, "request") {
            match capability {
                Capability::Http(HttpRule::Origin(rule)) if rule.within.is_some() => {
                    let rule = "`in` is the operator's to say: an author can't know the operator's networks";
                    self.fail(node.span(), Kind::Value(rule.to_owned()));
                }
                capability => request.push(capability),
            }
        }
        CapabilitiesSection { request }
    }

    fn instances(&mut self, table: &DeTable<'_>) -> InstancesSection {
        self.known_keys(table, &["policy"]);
        let known = InstancePolicy::ALL.map(InstancePolicy::as_str);
        let policy = self.known_word(table, "policy", known).unwrap_or_default();
        InstancesSection { policy }
    }
}
