//! The published JSON Schemas of what people write in TOML, for editors. They are made from the readers' own lists of keys.
//!
//! A schema says less than the reader: what fits it may still be refused, what does not is always refused.

use serde_json::{Map, Value, json};

use crate::capability::NAMES;
use crate::limits::{LimitKind, LimitOverrides};
use crate::manifest::InstancePolicy;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const PLACE: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/raw/main/crates/host-policy/schema/"
);

/// A whole file, as its schema is published.
pub(crate) fn file(name: &str, title: &str, mut root: Value) -> String {
    root["$schema"] = DRAFT.into();
    root["$id"] = format!("{PLACE}{name}").into();
    root["title"] = title.into();
    // Strings for keys: there is nothing that could fail.
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

/// A table with these keys and no others.
pub(crate) fn table(about: &str, keys: &[&str], key: impl Fn(&str) -> Value) -> Value {
    let properties: Map<_, _> = keys
        .iter()
        .map(|name| ((*name).to_owned(), key(name)))
        .collect();
    json!({ "type": "object", "description": about, "properties": properties, "additionalProperties": false })
}

/// A string; `rule` is its schema's other keys.
pub(crate) fn text(about: &str, rule: Value) -> Value {
    let mut schema = json!({ "type": "string", "description": about });
    if let (Some(schema), Value::Object(rule)) = (schema.as_object_mut(), rule) {
        schema.extend(rule);
    }
    schema
}

pub(crate) fn flag(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

/// One of some words.
pub(crate) fn word<const N: usize>(about: &str, words: [&str; N]) -> Value {
    json!({ "enum": words.as_slice(), "description": about })
}

pub(crate) fn list(about: &str, items: Value) -> Value {
    json!({ "type": "array", "description": about, "items": items })
}

pub(crate) fn capabilities(about: &str) -> Value {
    let pattern = format!("^({})(:|$)", NAMES.join("|"));
    let mut list = list(about, json!({ "type": "string", "pattern": pattern }));
    list["uniqueItems"] = true.into();
    list
}

pub(crate) fn instances(about: &str) -> Value {
    word(about, InstancePolicy::ALL.map(InstancePolicy::as_str))
}

pub(crate) fn limits(about: &str) -> Value {
    table(about, LimitOverrides::KEYS, |key| {
        let mut schema = match LimitOverrides::kind(key) {
            Some(LimitKind::Duration) => json!({
                "type": "string",
                "pattern": "^\\s*[0-9]+\\s*[A-Za-zµ]+(\\s*[0-9]+\\s*[A-Za-zµ]+)*\\s*$",
                "examples": ["5s", "250ms", "2min"],
            }),
            Some(LimitKind::Bytes) => json!({
                "type": ["integer", "string"],
                "minimum": 0,
                "pattern": "^\\s*[0-9]+(\\.[0-9]*)?\\s*([KkMmGgTtPpEe][Ii]?)?[Bb]?\\s*$",
                "examples": [65536, "64KiB", "256MiB"],
            }),
            Some(LimitKind::Count) | None => json!({
                "type": ["integer", "string"],
                "minimum": 0,
                "pattern": "^\\+?[0-9]+$",
            }),
        };
        schema["description"] = LimitOverrides::about(key).unwrap_or_default().into();
        schema
    })
}
