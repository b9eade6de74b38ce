//! Tools.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::{NAME_REMEDY, is_name, within};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::schema::Schema;
use crate::{Error, LoadLimits, ToolDefinition};

/// A tool that can be called: its definition, and its schemas compiled when they are first needed.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) definition: ToolDefinition,
    /// Its name, to be shared with calls.
    pub(crate) name: Arc<str>,
    input: OnceLock<Schema>,
    output: OnceLock<Schema>,
}

impl Tool {
    pub(crate) fn new(definition: ToolDefinition) -> Self {
        Self {
            name: definition.name.as_str().into(),
            definition,
            input: OnceLock::new(),
            output: OnceLock::new(),
        }
    }

    /// Checks arguments against the input schema.
    pub(crate) fn check_arguments(&self, arguments: &Value) -> Result<(), Error> {
        let mistakes = compiled(&self.input, &self.definition.input_schema)?.mistakes(arguments);
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(Error::InvalidArguments {
            tool: self.definition.name.clone(),
            mistakes,
        })
    }

    /// Checks the structured part of an answer against the output schema, which promises one.
    pub(crate) fn check_answer(&self, structured: Option<&Value>) -> Result<(), Error> {
        let Some(schema) = &self.definition.output_schema else {
            return Ok(());
        };
        let problem = match structured {
            None => "it promises a structured answer and gives none".to_owned(),
            Some(answer) => match compiled(&self.output, schema)?.mistakes(answer).first() {
                None => return Ok(()),
                Some(mistake) => format!(
                    "its answer does not fit its output schema: {}",
                    mistake.problem
                ),
            },
        };
        Err(Error::BrokenContract { problem })
    }
}

fn compiled<'a>(slot: &'a OnceLock<Schema>, schema: &Value) -> Result<&'a Schema, Error> {
    if let Some(compiled) = slot.get() {
        return Ok(compiled);
    }
    let compiled = Schema::compile(schema).map_err(Error::host)?;
    Ok(slot.get_or_init(|| compiled))
}

/// Checks all tools of a plugin.
///
/// # Errors
/// [`Error::Definition`] for the first tool that can't be offered as it is, [`Error::LoadLimit`] where there is too much.
pub(super) fn check(
    tools: Vec<wit::ToolDefinition>,
    limits: &LoadLimits,
) -> Result<Vec<ToolDefinition>, Error> {
    within("tools", limits.tools.into(), tools.len() as u64)?;
    let mut checked = Vec::<ToolDefinition>::with_capacity(tools.len());
    for tool in tools {
        let name = tool.name.clone();
        if checked.iter().any(|other| other.name == name) {
            return Err(wrong(
                &name,
                "there are two tools of this name",
                "give each tool a name of its own",
            ));
        }
        checked.push(check_one(tool, limits)?);
    }
    Ok(checked)
}

fn check_one(tool: wit::ToolDefinition, limits: &LoadLimits) -> Result<ToolDefinition, Error> {
    let name = tool.name;
    if !is_name(&name) {
        return Err(wrong(&name, "this is no tool name", NAME_REMEDY));
    }
    let input_schema = schema(&name, "input schema", &tool.input_schema, limits)?;
    if input_schema.get("type").and_then(Value::as_str) != Some("object") {
        let problem = "its input schema does not say \"type\": \"object\" at its root";
        return Err(wrong(
            &name,
            problem,
            "arguments are one JSON object: put the value in a property",
        ));
    }
    let output_schema = match &tool.output_schema {
        Some(text) => Some(schema(&name, "output schema", text, limits)?),
        None => None,
    };
    Ok(ToolDefinition {
        title: tool.title,
        description: tool.description,
        input_schema,
        output_schema,
        streams: tool.streams.into(),
        annotations: annotations(&name, tool.annotations)?,
        name,
    })
}

fn annotations(
    name: &str,
    pairs: Vec<(String, String)>,
) -> Result<BTreeMap<String, String>, Error> {
    let count = pairs.len();
    let annotations: BTreeMap<_, _> = pairs.into_iter().collect();
    if annotations.len() == count {
        return Ok(annotations);
    }
    Err(wrong(
        name,
        "it has an annotation twice",
        "say each annotation once",
    ))
}

fn schema(tool: &str, what: &str, text: &str, limits: &LoadLimits) -> Result<Value, Error> {
    within("schema-bytes", limits.schema_bytes, text.len() as u64)?;
    let schema: Value = serde_json::from_str(text).map_err(|error| {
        wrong(
            tool,
            &format!("its {what} is no JSON ({error})"),
            "give a JSON Schema 2020-12 as JSON text",
        )
    })?;
    if !schema.is_object() {
        return Err(wrong(
            tool,
            &format!("its {what} is no JSON object"),
            "give a JSON Schema whose root is an object",
        ));
    }
    within("schema-depth", limits.schema_depth.into(), depth(&schema))?;
    Schema::compile(&schema).map_err(|problem| {
        wrong(
            tool,
            &format!("its {what} can't be used: {problem}"),
            "give a self-contained JSON Schema 2020-12",
        )
    })?;
    Ok(schema)
}

/// How deep objects and arrays are nested. Not endless: the parser stops at 128.
fn depth(value: &Value) -> u64 {
    match value {
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub(super) fn size(tool: &wit::ToolDefinition) -> u64 {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let annotations: usize = tool
        .annotations
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    let bytes = tool.name.len()
        + optional(&tool.title)
        + tool.description.len()
        + tool.input_schema.len()
        + optional(&tool.output_schema)
        + annotations;
    bytes as u64
}

fn wrong(tool: &str, problem: &str, remedy: &'static str) -> Error {
    Error::Definition {
        tool: Some(tool.to_owned()),
        problem: problem.to_owned(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, input_schema: &str) -> wit::ToolDefinition {
        wit::ToolDefinition {
            name: name.into(),
            title: None,
            description: String::new(),
            input_schema: input_schema.into(),
            output_schema: None,
            streams: wit::Streams::empty(),
            annotations: Vec::new(),
        }
    }

    fn problem(tools: Vec<wit::ToolDefinition>) -> String {
        check(tools, &LoadLimits::default())
            .unwrap_err()
            .to_string()
    }

    const OBJECT: &str = r#"{"type": "object"}"#;

    #[test]
    fn names_are_what_model_apis_take() {
        for name in ["a", "9", "read_file", "read-file", &"x".repeat(64)] {
            assert!(
                check(vec![tool(name, OBJECT)], &LoadLimits::default()).is_ok(),
                "{name}"
            );
        }
        for name in ["", "A", "_a", "-a", "a.b", "ä", "a b", &"x".repeat(65)] {
            assert!(
                problem(vec![tool(name, OBJECT)]).contains("no tool name"),
                "{name}"
            );
        }
    }

    #[test]
    fn two_tools_of_one_name_are_refused() {
        assert!(problem(vec![tool("a", OBJECT), tool("a", OBJECT)]).contains("two tools"));
    }

    #[test]
    fn a_schema_is_json_and_its_root_an_object() {
        assert!(problem(vec![tool("a", "{")]).contains("no JSON"));
        assert!(problem(vec![tool("a", "true")]).contains("no JSON object"));
        assert!(problem(vec![tool("a", "{}")]).contains("\"type\": \"object\""));
        assert!(
            problem(vec![tool("a", r#"{"type": "object", "properties": 1}"#)])
                .contains("can't be used")
        );
    }

    #[test]
    fn a_deep_schema_is_refused() {
        let deep = format!(
            r#"{{"type": "object", "default": {}{}}}"#,
            "[".repeat(120),
            "]".repeat(120)
        );
        let error = check(vec![tool("a", &deep)], &LoadLimits::default()).unwrap_err();
        assert!(
            matches!(
                error,
                Error::LoadLimit {
                    limit: "schema-depth",
                    ..
                }
            ),
            "{error}"
        );
    }
}
