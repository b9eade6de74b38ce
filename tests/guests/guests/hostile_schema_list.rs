//! Gives a schema that is JSON, but neither an object nor a boolean.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("greet", r#"[{"type":"object"}]"#)]
}
