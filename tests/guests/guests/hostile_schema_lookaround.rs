//! Asks for a pattern with look-around and a back-reference, which no matcher of linear time knows.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema =
        r#"{"type":"object","properties":{"name":{"type":"string","pattern":"^(?=(a+))\\1b$"}}}"#;
    vec![tool("greet", schema)]
}
