//! Values from the command line, typed by a JSON Schema.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io::Read;

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::str::FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.into(),
                value: value.into(),
            }),
            _ => Err("expected KEY=VALUE".into()),
        }
    }
}

/// Why a value on the command line is no argument.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("can't read {path:?}, which {option} names: {source}")]
    Unreadable {
        option: String,
        path: String,
        source: std::io::Error,
    },
    #[error(
        "--args is not JSON: {source}\n  write a JSON object, for example --args '{{\"key\": \"value\"}}', or use --arg KEY=VALUE"
    )]
    NotJson { source: serde_json::Error },
    #[error(
        "--args is JSON, but {found} and not an object\n  a tool's arguments are one JSON object, for example --args '{{\"key\": \"value\"}}'"
    )]
    NotAnObject { found: &'static str },
}

/// The object that `--args` gives: JSON, `@file`, or `-` for stdin.
pub(crate) fn object(source: &str) -> Result<Map<String, Value>, ArgumentError> {
    let text = match source.strip_prefix('@') {
        Some(path) => read(path, "--args")?,
        None if source == "-" => read(source, "--args")?,
        None => source.to_string(),
    };
    match serde_json::from_str(&text).map_err(|source| ArgumentError::NotJson { source })? {
        Value::Object(object) => Ok(object),
        other => Err(ArgumentError::NotAnObject {
            found: article(kind(&other)),
        }),
    }
}

/// Sets each `key=value` in `object`, typed by what `schema` says of the property.
///
/// A string stays a string; a number, boolean, array, object or null is written as JSON. Where the schema allows a
/// string and something else, text that is JSON of the other kind becomes that. Text that does not fit stays a string,
/// for the check against the schema to refuse. `key=@file` takes the file's text, `key=@-` stdin's, `key=@@x` is `@x`.
pub(crate) fn assign(
    object: &mut Map<String, Value>,
    assignments: &[Assignment],
    option: &str,
    schema: &Value,
) -> Result<(), ArgumentError> {
    for Assignment { key, value } in assignments {
        let text = match value.strip_prefix('@') {
            Some(literal) if literal.starts_with('@') => literal.to_string(),
            Some(path) => read(path, &format!("{option} {key}"))?,
            None => value.clone(),
        };
        object.insert(key.clone(), typed(text, &kinds(schema, key)));
    }
    Ok(())
}

fn read(path: &str, option: &str) -> Result<String, ArgumentError> {
    let text = if path == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|source| ArgumentError::Unreadable {
        option: option.into(),
        path: path.into(),
        source,
    })
}

fn typed(text: String, allowed: &BTreeSet<&str>) -> Value {
    let fits = |value: &Value| match kind(value) {
        "string" => false,
        "null" if allowed.contains("string") => false,
        "number" => allowed.contains("number") || (allowed.contains("integer") && !value.is_f64()),
        kind => allowed.contains(kind),
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if fits(&value) || (allowed.is_empty() && !value.is_string()) => value,
        _ => Value::String(text),
    }
}

/// The JSON types that the property `key` may have; none where the schema does not say.
fn kinds<'a>(schema: &'a Value, key: &str) -> BTreeSet<&'a str> {
    let mut allowed = BTreeSet::new();
    let properties = parts(schema, schema)
        .into_iter()
        .filter_map(|part| part.get("properties")?.get(key));
    for part in properties.flat_map(|property| parts(property, schema)) {
        match part.get("type") {
            Some(Value::String(one)) => drop(allowed.insert(one.as_str())),
            Some(Value::Array(several)) => allowed.extend(several.iter().filter_map(Value::as_str)),
            _ => {}
        }
        let listed = part
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for value in listed.chain(part.get("const")) {
            allowed.insert(kind(value));
        }
    }
    allowed
}

/// A schema, what its local `$ref` points at and the parts of `allOf`, `anyOf` and `oneOf`, each once: a plugin wrote it,
/// and it may refer to itself.
fn parts<'a>(schema: &'a Value, root: &'a Value) -> Vec<&'a Value> {
    let mut found = vec![schema];
    let mut seen = BTreeSet::from([std::ptr::from_ref(schema)]);
    let mut next = 0;
    while let Some(&part) = found.get(next) {
        next += 1;
        let referred = part
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|to| root.pointer(to.strip_prefix('#')?));
        let composed = ["allOf", "anyOf", "oneOf"]
            .into_iter()
            .filter_map(|key| part.get(key)?.as_array())
            .flatten();
        found.extend(
            referred
                .into_iter()
                .chain(composed)
                .filter(|part| seen.insert(std::ptr::from_ref(*part))),
        );
    }
    found
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn article(kind: &'static str) -> &'static str {
    match kind {
        "array" => "an array",
        "boolean" => "a boolean",
        "number" => "a number",
        "string" => "a string",
        other => other,
    }
}

#[cfg(test)]
mod tests;
