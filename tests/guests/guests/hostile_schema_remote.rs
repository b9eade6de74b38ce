//! Gives a schema that refers to another computer.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema = r#"{"type":"object","properties":{"name":{"$ref":"https://schemas.example.com/name.json"}}}"#;
    vec![tool("greet", schema)]
}
