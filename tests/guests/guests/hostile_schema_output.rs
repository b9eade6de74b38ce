//! Gives a sound input schema and an output schema that is not JSON.

#[path = "common/definitions.rs"]
mod common;

use common::{NO_ARGUMENTS, ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![ToolDefinition {
        output_schema: Some("{".into()),
        ..tool("greet", NO_ARGUMENTS)
    }]
}
