//! `[config]`: a JSON Schema, written in TOML, for the settings that an operator gives the plugin.

use serde::Serialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

/// The schema of a plugin's settings: always of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ConfigSchema(Value);

impl ConfigSchema {
    /// The schema as JSON.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The settings that are secrets (`x-secret = true`): never shown, never logged.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let properties = self.0.get("properties").and_then(Value::as_object);
        let secret = |schema: &Value| schema.get("x-secret") == Some(&Value::Bool(true));
        properties
            .into_iter()
            .flatten()
            .filter(move |(_, schema)| secret(schema))
            .map(|(name, _)| name.as_str())
    }
}

/// What a schema in a manifest must not hold, and where.
pub(super) struct Flaw {
    pub(super) span: std::ops::Range<usize>,
    pub(super) rule: &'static str,
}

/// Reads the table as a schema; pushes what is wrong to `flaws`.
pub(super) fn read(value: &Spanned<DeValue<'_>>, flaws: &mut Vec<Flaw>) -> ConfigSchema {
    let mut schema = json(value, flaws);
    check_root(value, flaws);
    check_secrets(value, flaws);
    if let Some(root) = schema.as_object_mut() {
        root.entry("type").or_insert_with(|| "object".into());
    }
    ConfigSchema(schema)
}

fn check_root(value: &Spanned<DeValue<'_>>, flaws: &mut Vec<Flaw>) {
    let kind = value.get_ref().get("type");
    if let Some(kind) = kind.filter(|kind| kind.get_ref().as_str() != Some("object")) {
        flaws.push(Flaw {
            span: kind.span(),
            rule: "settings are one object: leave `type` out or say \"object\"",
        });
    }
}

fn check_secrets(value: &Spanned<DeValue<'_>>, flaws: &mut Vec<Flaw>) {
    let properties = value
        .get_ref()
        .get("properties")
        .and_then(|properties| properties.get_ref().as_table());
    for schema in properties
        .into_iter()
        .flat_map(|properties| properties.values())
    {
        let flag = schema.get_ref().get("x-secret");
        if let Some(flag) = flag.filter(|flag| flag.get_ref().as_bool().is_none()) {
            flaws.push(Flaw {
                span: flag.span(),
                rule: "`x-secret` is true or false",
            });
        }
    }
}

fn json(value: &Spanned<DeValue<'_>>, flaws: &mut Vec<Flaw>) -> Value {
    let mut flaw = |rule| {
        flaws.push(Flaw {
            span: value.span(),
            rule,
        });
        Value::Null
    };
    match value.get_ref() {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => flaw("a whole number has at most 64 bits"),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => flaw("not a number that JSON can hold"),
        },
        DeValue::Datetime(_) => flaw("JSON has no dates: write a string"),
        DeValue::Array(items) => items.iter().map(|item| json(item, flaws)).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, item)| (key.get_ref().to_string(), json(item, flaws)))
            .collect(),
    }
}
