//! Asks for a pattern that takes a backtracking matcher longer than the age of the universe.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema = r#"{"type":"object","properties":{"name":{"type":"string","pattern":"^(a+)+$"}},"required":["name"]}"#;
    vec![tool("greet", schema)]
}
