//! Gives a schema that is not JSON.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("greet", "an object with a name, please")]
}
