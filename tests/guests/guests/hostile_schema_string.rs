//! Gives a schema for a string, where the arguments of a tool are always an object.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("greet", r#"{"type":"string"}"#)]
}
