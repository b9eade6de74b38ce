//! Gives a schema that is an object, but says nonsense in a keyword.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("greet", r#"{"type":"object","required":"name"}"#)]
}
