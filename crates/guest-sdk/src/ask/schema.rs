//! Schemas of what a person can be asked for: flat objects, as the Model Context Protocol's elicitation takes them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::HostError;

/// What a property may say of itself; of the rest, programs that ask people know nothing.
const KEPT: [&str; 13] = [
    "type",
    "title",
    "description",
    "default",
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "format",
    "items",
    "minItems",
    "maxItems",
];

/// The formats that are known; those of numbers, such as `uint8`, are schemars' own.
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];

/// The schema of `T`.
pub(super) fn of<T: JsonSchema>() -> Result<Value, HostError> {
    let settings = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<T>();
    flat(schema.to_value()).map_err(|what| HostError::Invalid {
        message: format!(
            "a person can't be asked for `{}`: {what} is no text, number, `bool`, enum of plain names or list of such an \
             enum; ask for a struct with fields of these types",
            T::schema_name()
        ),
    })
}

/// Makes a struct's schema flat, or says what of it can't be.
fn flat(mut schema: Value) -> Result<Value, String> {
    if !is_struct(&schema) {
        return Err("what it is made of".to_owned());
    }
    let mut flat = Map::new();
    if let Some(Value::Object(properties)) = schema.get_mut("properties").map(Value::take) {
        for (name, property) in properties {
            let property = property_of(property).ok_or_else(|| format!("`{name}`"))?;
            flat.insert(name, property.into());
        }
    }
    let mut object = json!({ "type": "object", "properties": flat });
    if let Some(required) = schema.get("required") {
        object["required"] = required.clone();
    }
    Ok(object)
}

/// Whether it is an object of fields that are known by name, and not one of several.
fn is_struct(schema: &Value) -> bool {
    let other_fields = schema.get("additionalProperties");
    schema["type"] == "object"
        && schema.get("oneOf").is_none()
        && schema.get("anyOf").is_none()
        && other_fields.is_none_or(|other| *other == false)
}

fn property_of(schema: Value) -> Option<Map<String, Value>> {
    let Value::Object(mut property) = schema else {
        return None;
    };
    without_null(&mut property);
    names(&mut property);
    let of_type = property.get("type").and_then(Value::as_str)?;
    match of_type {
        "string" | "number" | "integer" | "boolean" => {}
        "array" => {
            let choices = choices(property.get("items")?)?;
            property.insert("items".to_owned(), choices);
        }
        _ => return None,
    }
    let is_known = |format: &Value| format.as_str().is_some_and(|it| FORMATS.contains(&it));
    property.retain(|key, value| {
        KEPT.contains(&key.as_str()) && (key != "format" || is_known(value)) && !value.is_null()
    });
    Some(property)
}

/// What can be chosen of, if it is some texts.
fn choices(items: &Value) -> Option<Value> {
    let item = property_of(items.clone())?;
    let texts = item.get("enum")?;
    Some(json!({ "type": "string", "enum": texts }))
}

/// What may be left out is not required; that it may be `null` besides says nothing more.
fn without_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|of_type| of_type != "null");
        if let [of_type] = &types[..] {
            let of_type = of_type.clone();
            property.insert("type".to_owned(), of_type);
        }
    }
    if let Some(Value::Array(names)) = property.get_mut("enum") {
        names.retain(|name| !name.is_null());
    }
    if let Some(Value::Array(cases)) = property.get_mut("anyOf") {
        cases.retain(|case| case["type"] != "null");
        if let [Value::Object(case)] = &mut cases[..] {
            let case = std::mem::take(case);
            for (key, value) in case {
                property.entry(key).or_insert(value);
            }
        }
    }
}

/// An enum of one name is a constant, and one whose names have comments is made of a schema for each.
fn names(property: &mut Map<String, Value>) {
    if let Some(name @ Value::String(_)) = property.remove("const") {
        property.insert("enum".to_owned(), vec![name].into());
    }
    let Some(Value::Array(cases)) = property.get("oneOf") else {
        return;
    };
    let names: Vec<Value> = cases
        .iter()
        .flat_map(|case| match &case["enum"] {
            Value::Array(names) => names.clone(),
            _ => vec![case["const"].clone()],
        })
        .collect();
    if names.iter().all(Value::is_string) {
        property.insert("type".to_owned(), "string".into());
        property.insert("enum".to_owned(), names.into());
    }
}
