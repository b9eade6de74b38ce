//! From text to a manifest, or to everything that is wrong with it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::config;
use super::error::{ManifestError, ManifestErrorKind as Kind, ManifestErrors};
use super::{CapabilitiesSection, InstancePolicy, InstancesSection, Manifest, PluginSection};
use crate::capability::{Capability, CapabilityError, HttpRule};
use crate::id::PluginId;
use crate::limits::LimitOverrides;
use crate::report;

const TABLES: &[&str] = &["plugin", "capabilities", "limits", "config", "instances"];
const PLUGIN_KEYS: &[&str] = &[
    "id",
    "version",
    "name",
    "description",
    "license",
    "authors",
    "homepage",
    "repository",
];

/// Longest name, licence, author or address, in characters.
const MAX_LINE: usize = 256;
/// Longest description, in characters: some paragraphs.
const MAX_DESCRIPTION: usize = 4096;

type Node<'a, 'i> = &'a Spanned<DeValue<'i>>;

/// Collects errors while the tree is walked; a part with an error is left out of the manifest.
struct Reader<'t> {
    text: &'t str,
    errors: Vec<ManifestError>,
}

pub(super) fn read(text: &str) -> Result<Manifest, ManifestErrors> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        errors: Vec::new(),
    };
    // What a broken file seems to hold would only raise errors that vanish with the first.
    let manifest = if syntax.is_empty() {
        reader.manifest(root.get_ref())
    } else {
        for error in syntax {
            let span = error.span().unwrap_or_default();
            reader.fail(span, Kind::Syntax(error.message().to_owned()));
        }
        None
    };
    let mut errors = reader.errors;
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    match manifest {
        Some(manifest) if errors.is_empty() => Ok(manifest),
        _ => Err(ManifestErrors {
            text: text.to_owned(),
            errors,
        }),
    }
}

impl<'t> Reader<'t> {
    fn fail(&mut self, span: Range<usize>, kind: Kind) -> &mut ManifestError {
        let at = self.errors.len();
        self.errors.push(ManifestError::new(self.text, span, kind));
        &mut self.errors[at]
    }

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

    fn section<T: Default>(
        &mut self,
        root: &DeTable<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &DeTable<'_>) -> T,
    ) -> T {
        let table = root.get(name).and_then(|node| self.table(node, name));
        table.map(|table| read(self, table)).unwrap_or_default()
    }

    fn known_keys(&mut self, table: &DeTable<'_>, known: &'static [&'static str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let near = report::nearest(name, known.iter().copied());
                self.fail(key.span(), Kind::UnknownKey(name.to_owned()))
                    .suggestion = near.map(str::to_owned);
            }
        }
    }

    fn wrong_type(&mut self, node: Node<'_, '_>, key: &str, expected: &'static str) {
        let found = node.get_ref().type_str();
        self.fail(
            node.span(),
            Kind::Type {
                key: key.to_owned(),
                expected,
                found,
            },
        );
    }

    fn table<'a, 'i>(&mut self, node: Node<'a, 'i>, key: &str) -> Option<&'a DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(node, key, "a table");
        }
        table
    }

    fn text<'a>(&mut self, node: Node<'a, '_>, key: &str) -> Option<&'a str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(node, key, "a string");
        }
        text
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

    fn required<T>(
        &mut self,
        table: &DeTable<'_>,
        span: &Range<usize>,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Some(node) = table.get(key) else {
            self.fail(span.clone(), Kind::Missing(key));
            return None;
        };
        let parsed = parse(self.text(node, key)?);
        parsed
            .map_err(|rule| self.fail(node.span(), Kind::Value(rule)).suggestion = None)
            .ok()
    }

    fn prose(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        max: usize,
        forbidden: impl Fn(char) -> bool,
    ) -> Option<String> {
        let node = table.get(key)?;
        let text = self.text(node, key)?;
        self.prose_text(node.span(), key, text, max, forbidden)
    }

    fn prose_text(
        &mut self,
        span: Range<usize>,
        key: &str,
        text: &str,
        max: usize,
        forbidden: impl Fn(char) -> bool,
    ) -> Option<String> {
        if text.chars().count() > max || text.chars().any(forbidden) {
            let rule = format!("`{key}` has at most {max} characters and no control characters");
            self.fail(span, Kind::Value(rule));
            return None;
        }
        Some(text.to_owned())
    }

    fn line(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
        self.prose(table, key, MAX_LINE, char::is_control)
    }

    fn address(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
        let text = self.line(table, key)?;
        let web = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !web {
            let span = table.get(key).map(Spanned::span).unwrap_or_default();
            self.fail(
                span,
                Kind::Value(format!("`{key}` is an http or https address, not {text:?}")),
            );
        }
        Some(text)
    }

    fn strings<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        key: &str,
    ) -> Vec<(Node<'a, 'i>, &'a str)> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(node, key, "a list of strings");
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| self.text(item, key).map(|text| (item, text)))
            .collect()
    }

    fn authors(&mut self, table: &DeTable<'_>) -> Vec<String> {
        let authors = self.strings(table, "authors");
        let one = |(node, text): (Node<'_, '_>, &str)| {
            self.prose_text(node.span(), "authors", text, MAX_LINE, char::is_control)
        };
        authors.into_iter().filter_map(one).collect()
    }

    fn capabilities(&mut self, table: &DeTable<'_>) -> CapabilitiesSection {
        self.known_keys(table, &["request"]);
        let mut request = Vec::new();
        for (node, text) in self.strings(table, "request") {
            let problem = match text.parse::<Capability>() {
                Ok(capability) if request.contains(&capability) => {
                    format!("`{capability}` is requested twice")
                }
                Ok(Capability::Http(HttpRule::Origin(rule))) if rule.within.is_some() => {
                    "`in` is the operator's to say: an author can't know the operator's networks"
                        .to_owned()
                }
                Ok(capability) => {
                    request.push(capability);
                    continue;
                }
                Err(error) => {
                    self.capability_error(node, error);
                    continue;
                }
            };
            self.fail(node.span(), Kind::Value(problem));
        }
        CapabilitiesSection { request }
    }

    fn capability_error(&mut self, node: Node<'_, '_>, error: CapabilityError) {
        let span = node.span();
        // Without escapes, what stands between the quotes is the text itself, and the carets can go to the very place.
        let inner = span.start + 1..span.start + 1 + error.text.len();
        let plain = self.text.get(inner.clone()) == Some(error.text.as_str());
        let place = if plain {
            inner.start + error.span.start..inner.start + error.span.end
        } else {
            span
        };
        let suggestion = error.suggestion.clone();
        self.fail(place, Kind::Capability(error)).suggestion = suggestion;
    }

    fn limits(&mut self, table: &DeTable<'_>) -> LimitOverrides {
        let mut said = LimitOverrides::default();
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            let result = match node.get_ref() {
                DeValue::String(text) => said.set_text(name, text),
                DeValue::Integer(number) => {
                    match u64::from_str_radix(number.as_str(), number.radix()) {
                        Ok(number) => said.set_number(name, number),
                        Err(_) => said.set_text(name, &number.to_string()),
                    }
                }
                other => said.set_text(name, other.type_str()),
            };
            if let Err(error) = result {
                let unknown = matches!(error, crate::limits::LimitError::Unknown { .. });
                let span = if unknown { key.span() } else { node.span() };
                self.fail(span, Kind::Limit(error));
            }
        }
        said
    }

    fn instances(&mut self, table: &DeTable<'_>) -> InstancesSection {
        self.known_keys(table, &["policy"]);
        let Some(node) = table.get("policy") else {
            return InstancesSection::default();
        };
        let Some(text) = self.text(node, "policy") else {
            return InstancesSection::default();
        };
        let policy = text.parse::<InstancePolicy>().unwrap_or_else(|error| {
            let near = report::nearest(text, InstancePolicy::ALL.map(InstancePolicy::as_str));
            self.fail(node.span(), Kind::Value(error.to_string()))
                .suggestion = near.map(str::to_owned);
            InstancePolicy::default()
        });
        InstancesSection { policy }
    }

    fn config(&mut self, node: Node<'_, '_>) -> config::ConfigSchema {
        self.table(node, "config");
        let mut flaws = Vec::new();
        let schema = config::read(node, &mut flaws);
        for flaw in flaws {
            self.fail(flaw.span, Kind::Value(flaw.rule.to_owned()));
        }
        schema
    }
}
