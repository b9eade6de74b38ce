//! What a person can be asked for: one flat object, as the elicitation of the Model Context Protocol has it.

use serde_json::{Map, Value};

use crate::Schema;

/// Bytes of a schema, for 32 properties with some hundred bytes of description and choices each.
const SCHEMA_BYTES: usize = 16 * 1024;

/// More than this nobody fills in.
const MOST_PROPERTIES: usize = 32;

/// The longest name of a property: it stands before a field of a form.
const NAME_CHARS: usize = 64;

/// Bytes of an answer: a person writes a page at most.
const ANSWER_BYTES: usize = 64 * 1024;

/// The formats of texts that clients know.
const FORMATS: &[&str] = &["email", "uri", "date", "date-time"];

/// The keywords of every property.
const COMMON: &[&str] = &["type", "title", "description", "default"];

/// The types of properties, each with the keywords that clients know besides [`COMMON`].
const TYPES: &[(&str, &[&str])] = &[
    (
        "string",
        &[
            "minLength",
            "maxLength",
            "format",
            "enum",
            "enumNames",
            "oneOf",
        ],
    ),
    ("number", &["minimum", "maximum"]),
    ("integer", &["minimum", "maximum"]),
    ("boolean", &[]),
    ("array", &["minItems", "maxItems", "items"]),
];

/// A schema that a person can be asked by.
#[derive(Debug)]
pub(super) struct Form {
    /// As its author wrote it.
    pub(super) schema: Value,
    compiled: Schema,
}

impl Form {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SCHEMA_BYTES {
            return Err(format!(
                "the schema is larger than {SCHEMA_BYTES} bytes; ask for less at once"
            ));
        }
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| format!("the schema is no JSON: {error}"))?;
        let object = object(&schema, "the schema")?;
        known(
            object,
            "the schema",
            &[&["$schema", "type", "properties", "required"]],
        )?;
        if object.get("type").and_then(Value::as_str) != Some("object") {
            return Err("the schema does not say \"type\": \"object\" at its root".to_owned());
        }
        let properties = object.get("properties").and_then(Value::as_object);
        let properties = properties.ok_or("the schema has no \"properties\"")?;
        if properties.len() > MOST_PROPERTIES {
            return Err(format!(
                "the schema has more than {MOST_PROPERTIES} properties; ask for less at once"
            ));
        }
        for (name, property) in properties {
            check_name(name)?;
            check_property(property)
                .map_err(|problem| format!("the property {name:?}: {problem}"))?;
        }
        let compiled = Schema::compile(&schema)
            .map_err(|problem| format!("the schema can't be used: {problem}"))?;
        Ok(Self { schema, compiled })
    }

    /// What of an answer was asked for, if that fits.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn accept(&self, answer: Value) -> Result<String, String> {
        let Value::Object(mut answer) = answer else {
            return Err("it is no object".to_owned());
        };
        let asked = self.schema.get("properties").and_then(Value::as_object);
        answer.retain(|name, _| asked.is_some_and(|asked| asked.contains_key(name)));
        let answer = Value::Object(answer);
        if let Some(mistake) = self.compiled.mistakes(&answer).first() {
            return Err(format!("{}: {}", mistake.pointer, mistake.problem));
        }
        let text = answer.to_string();
        if text.len() > ANSWER_BYTES {
            return Err(format!("it is larger than {ANSWER_BYTES} bytes"));
        }
        Ok(text)
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} is no JSON object"))
}

/// Refuses keywords that clients don't know: they would be passed over, and the answer would not fit.
fn known(object: &Map<String, Value>, what: &str, sets: &[&[&str]]) -> Result<(), String> {
    let is_known = |keyword: &str| sets.iter().any(|set| set.contains(&keyword));
    match object.keys().find(|keyword| !is_known(keyword)) {
        None => Ok(()),
        Some(keyword) => Err(format!(
            "{what} has {keyword:?}, and there is room for {} alone",
            sets.concat().join(", ")
        )),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = (1..=NAME_CHARS).contains(&name.chars().count()) && !name.contains(char::is_control);
    if fits {
        return Ok(());
    }
    Err(format!(
        "a property's name is 1 to {NAME_CHARS} characters, none of them a control character"
    ))
}

fn check_property(property: &Value) -> Result<(), String> {
    let property = object(property, "its schema")?;
    let of_type = property.get("type").and_then(Value::as_str);
    let Some((of_type, own)) = TYPES.iter().find(|(name, _)| Some(*name) == of_type) else {
        let types: Vec<_> = TYPES.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "its type is none of {}: a person is asked for one flat object",
            types.join(", ")
        ));
    };
    known(property, "it", &[COMMON, *own])?;
    match *of_type {
        "string" => check_text(property),
        "array" => check_choices(property),
        _ => Ok(()),
    }
}

fn check_text(property: &Map<String, Value>) -> Result<(), String> {
    if let Some(format) = property.get("format")
        && !format
            .as_str()
            .is_some_and(|format| FORMATS.contains(&format))
    {
        return Err(format!("its format is none of {}", FORMATS.join(", ")));
    }
    if let Some(choices) = property.get("enum") {
        let choices = texts(choices).ok_or("its \"enum\" is no list of texts")?;
        let names = property.get("enumNames");
        if names.is_some_and(|names| texts(names) != Some(choices)) {
            return Err("its \"enumNames\" are not as many texts as its \"enum\"".to_owned());
        }
    }
    match property.get("oneOf") {
        Some(choices) if !are_titled(choices) => Err(titled_rule("oneOf")),
        _ => Ok(()),
    }
}

/// Several of some texts.
fn check_choices(property: &Map<String, Value>) -> Result<(), String> {
    let rule = "its \"items\" are not the choices that there are: {\"type\": \"string\", \"enum\": […]} or {\"anyOf\": […]}";
    let items = property.get("items").and_then(Value::as_object);
    let items = items.ok_or(rule)?;
    if let Some(choices) = items.get("anyOf") {
        known(items, "its \"items\"", &[&["anyOf"]])?;
        return if are_titled(choices) {
            Ok(())
        } else {
            Err(titled_rule("anyOf"))
        };
    }
    known(items, "its \"items\"", &[&["type", "enum"]])?;
    let of_texts = items.get("type").and_then(Value::as_str) == Some("string");
    match items.get("enum").and_then(texts) {
        Some(_) if of_texts => Ok(()),
        _ => Err(rule.to_owned()),
    }
}

/// How many texts a list has, if it has some and nothing else.
fn texts(list: &Value) -> Option<usize> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().all(Value::is_string).then_some(list.len())
}

fn are_titled(choices: &Value) -> bool {
    let titled = |choice: &Value| {
        choice.as_object().is_some_and(|choice| {
            let text = |key| choice.get(key).is_some_and(Value::is_string);
            choice.len() == 2 && text("const") && text("title")
        })
    };
    choices
        .as_array()
        .is_some_and(|choices| !choices.is_empty() && choices.iter().all(titled))
}

fn titled_rule(keyword: &str) -> String {
    format!("its {keyword:?} is no list of choices, each {{\"const\": …, \"title\": …}}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(properties: Value) -> Result<Form, String> {
        let schema = json!({"type": "object", "properties": properties});
        Form::parse(&schema.to_string())
    }

    #[test]
    fn everything_that_clients_can_ask_for_is_a_form() {
        let titled = json!([{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]);
        let properties = json!({
            "text": {"type": "string", "minLength": 1, "maxLength": 9, "default": "x"},
            "mail": {"type": "string", "title": "Mail", "description": "Where to", "format": "email"},
            "number": {"type": "number", "minimum": 0.5},
            "count": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
            "yes": {"type": "boolean", "default": true},
            "one": {"type": "string", "enum": ["a", "b"]},
            "named": {"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]},
            "titled": {"type": "string", "oneOf": titled},
            "some": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 1},
            "some-titled": {"type": "array", "items": {"anyOf": titled}, "minItems": 1},
        });
        form(properties).unwrap();
    }

    #[test]
    fn what_clients_can_not_ask_for_is_refused_by_name() {
        for (property, problem) in [
            (json!({"type": "object", "properties": {}}), "flat"),
            (json!({"type": ["string", "null"]}), "flat"),
            (
                json!({"type": "array", "items": {"type": "object"}}),
                "the choices",
            ),
            (
                json!({"type": "array", "items": {"type": "number", "enum": [1]}}),
                "the choices",
            ),
            (json!({"type": "string", "pattern": "a"}), "\"pattern\""),
            (
                json!({"type": "string", "format": "password"}),
                "its format",
            ),
            (json!({"type": "string", "enum": []}), "no list of texts"),
            (
                json!({"type": "string", "enum": ["a"], "enumNames": []}),
                "enumNames",
            ),
            (
                json!({"type": "string", "oneOf": [{"const": "a"}]}),
                "no list of choices",
            ),
            (json!({"type": "integer", "minimum": "a"}), "can't be used"),
            (json!({"$ref": "#"}), "flat"),
            (json!("string"), "no JSON object"),
        ] {
            let error = form(json!({"it": property})).unwrap_err();
            assert!(error.contains(problem), "{property}: {error}");
        }
        assert!(form(json!({"a\u{7}": {"type": "string"}})).is_err());
        let many: Map<_, _> = (0..=MOST_PROPERTIES)
            .map(|at| (at.to_string(), json!({"type": "boolean"})))
            .collect();
        assert!(form(many.into()).unwrap_err().contains("more than 32"));
    }

    #[test]
    fn the_root_is_an_object_and_nothing_else() {
        for (text, problem) in [
            ("{", "no JSON"),
            ("[]", "no JSON object"),
            (r#"{"type": "object"}"#, "properties"),
            (r#"{"properties": {}}"#, "\"type\": \"object\""),
            (
                r#"{"type": "object", "properties": {}, "allOf": []}"#,
                "\"allOf\"",
            ),
        ] {
            assert!(Form::parse(text).unwrap_err().contains(problem), "{text}");
        }
        let long = "x".repeat(SCHEMA_BYTES + 1);
        assert!(Form::parse(&long).unwrap_err().contains("larger"));
    }

    #[test]
    fn an_answer_fits_and_has_what_was_asked_for_alone() {
        let schema = json!({
            "type": "object",
            "properties": {"age": {"type": "integer"}, "name": {"type": "string"}},
            "required": ["age"],
        });
        let form = Form::parse(&schema.to_string()).unwrap();
        let accepted = form.accept(json!({"age": 7, "more": []})).unwrap();
        assert_eq!(accepted, r#"{"age":7}"#);
        for wrong in [
            json!({}),
            json!({"age": "7"}),
            json!(7),
            json!({"age": 7, "name": 1}),
        ] {
            assert!(form.accept(wrong.clone()).is_err(), "{wrong}");
        }
        let long = "x".repeat(ANSWER_BYTES);
        assert!(form.accept(json!({"age": 7, "name": long})).is_err());
    }
}
