//! Asks for a pattern of a few bytes that compiles to gigabytes.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema = r#"{"type":"object","properties":{"name":{"type":"string","pattern":"^(((a{1000}){1000}){1000}){1000}$"}}}"#;
    vec![tool("greet", schema)]
}
