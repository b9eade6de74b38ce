//! TOML files that people write, read with all their mistakes at once, each with its line and what may have been meant.
//!
//! The manifest, the configuration, trusted keys, signatures and the lock are read through this.

mod error;

use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use error::{DocumentError, DocumentErrorKind, DocumentErrors};

use self::DocumentErrorKind as Kind;
use crate::capability::{Capability, CapabilityError};
use crate::limits::LimitOverrides;
use crate::report;

/// Longest name, licence, author or address, in characters.
pub(crate) const MAX_LINE: usize = 256;

pub(crate) type Node<'a, 'i> = &'a Spanned<DeValue<'i>>;

/// Collects errors while the tree is walked; a part with an error is left out of what is read.
pub(crate) struct Reader<'t> {
    text: &'t str,
    errors: Vec<DocumentError>,
}

/// Reads a whole file by `read`, which gives none where it reported why.
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines.
pub(crate) fn parse<'t, T>(
    text: &'t str,
    read: impl FnOnce(&mut Reader<'t>, &DeTable<'_>) -> Option<T>,
) -> Result<T, DocumentErrors> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        errors: Vec::new(),
    };
    // What a broken file seems to hold would only raise errors that vanish with the first.
    let value = if syntax.is_empty() {
        read(&mut reader, root.get_ref())
    } else {
        for error in syntax {
            let span = error.span().unwrap_or_default();
            reader.fail(span, Kind::Syntax(error.message().to_owned()));
        }
        None
    };
    let mut errors = reader.errors;
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(DocumentErrors {
            text: text.to_owned(),
            errors,
        }),
    }
}

impl<'t> Reader<'t> {
    pub(crate) fn fail(&mut self, span: Range<usize>, kind: Kind) -> &mut DocumentError {
        let at = self.errors.len();
        self.errors.push(DocumentError::new(self.text, span, kind));
        &mut self.errors[at]
    }

    pub(crate) fn section<T: Default>(
        &mut self,
        root: &DeTable<'_>,
        name: &str,
        read: impl FnOnce(&mut Self, &DeTable<'_>) -> T,
    ) -> T {
        let table = root.get(name).and_then(|node| self.table(node, name));
        table.map(|table| read(self, table)).unwrap_or_default()
    }

    pub(crate) fn known_keys(&mut self, table: &DeTable<'_>, known: &'static [&'static str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let near = report::nearest(name, known.iter().copied());
                self.fail(key.span(), Kind::UnknownKey(name.to_owned()))
                    .suggestion = near.map(str::to_owned);
            }
        }
    }

    pub(crate) fn wrong_type(&mut self, node: Node<'_, '_>, key: &str, expected: &'static str) {
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

    pub(crate) fn table<'a, 'i>(
        &mut self,
        node: Node<'a, 'i>,
        key: &str,
    ) -> Option<&'a DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(node, key, "a table");
        }
        table
    }

    pub(crate) fn text<'a>(&mut self, node: Node<'a, '_>, key: &str) -> Option<&'a str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(node, key, "a string");
        }
        text
    }

    pub(crate) fn required<T>(
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

    pub(crate) fn prose(
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

    pub(crate) fn prose_text(
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

    pub(crate) fn line(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
        self.prose(table, key, MAX_LINE, char::is_control)
    }

    pub(crate) fn address(&mut self, table: &DeTable<'_>, key: &str) -> Option<String> {
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

    pub(crate) fn strings<'a, 'i>(
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

    pub(crate) fn capability_error(&mut self, node: Node<'_, '_>, error: CapabilityError) {
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

    pub(crate) fn limits(&mut self, table: &DeTable<'_>) -> LimitOverrides {
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

    /// The tables of an array of tables, `[[key]]`; none where there are none.
    pub(crate) fn tables<'a, 'i>(
        &mut self,
        root: &'a DeTable<'i>,
        key: &str,
    ) -> Vec<(Node<'a, 'i>, &'a DeTable<'i>)> {
        let Some(node) = root.get(key) else {
            return Vec::new();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(node, key, "a list of tables ([[...]])");
            return Vec::new();
        };
        let items = items.iter();
        items
            .filter_map(|item| self.table(item, key).map(|table| (item, table)))
            .collect()
    }

    /// A value written as one word, where it is there.
    pub(crate) fn optional<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let node = table.get(key)?;
        let parsed = parse(self.text(node, key)?);
        parsed
            .map_err(|rule| self.fail(node.span(), Kind::Value(rule)).suggestion = None)
            .ok()
    }

    /// One of a few known words, where it is there.
    pub(crate) fn known_word<T: std::str::FromStr<Err: std::fmt::Display>, const N: usize>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        known: [&'static str; N],
    ) -> Option<T> {
        let node = table.get(key)?;
        let text = self.text(node, key)?;
        let parsed = text.parse::<T>();
        parsed
            .map_err(|error| {
                self.fail(node.span(), Kind::Value(error.to_string()))
                    .suggestion = report::nearest(text, known).map(str::to_owned);
            })
            .ok()
    }

    /// A truth value, where it is there.
    pub(crate) fn flag(&mut self, table: &DeTable<'_>, key: &str) -> Option<bool> {
        let node = table.get(key)?;
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(node, key, "true or false");
        }
        flag
    }

    /// A list of capabilities, each once.
    pub(crate) fn capability_list<'a, 'i>(
        &mut self,
        table: &'a DeTable<'i>,
        key: &str,
    ) -> Vec<(Node<'a, 'i>, Capability)> {
        let mut list: Vec<(Node<'a, 'i>, Capability)> = Vec::new();
        for (node, text) in self.strings(table, key) {
            match text.parse::<Capability>() {
                Ok(capability) if list.iter().any(|(_, known)| *known == capability) => {
                    self.fail(
                        node.span(),
                        Kind::Value(format!("`{capability}` is said twice")),
                    );
                }
                Ok(capability) => list.push((node, capability)),
                Err(error) => self.capability_error(node, error),
            }
        }
        list
    }

    /// A value as JSON.
    pub(crate) fn json(&mut self, node: Node<'_, '_>) -> Value {
        let mut fail = |rule: &str| {
            self.fail(node.span(), Kind::Value(rule.to_owned()));
            Value::Null
        };
        match node.get_ref() {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(flag) => Value::from(*flag),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::from(number),
                    Err(_) => fail("a whole number has at most 64 bits"),
                }
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Value::from(number),
                _ => fail("not a number that JSON can hold"),
            },
            DeValue::Datetime(_) => fail("JSON has no dates: write a string"),
            DeValue::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            DeValue::Table(table) => table
                .iter()
                .map(|(key, item)| (key.get_ref().to_string(), self.json(item)))
                .collect(),
        }
    }
}
