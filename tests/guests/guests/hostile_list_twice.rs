//! Defines two tools of one name.

#[path = "common/definitions.rs"]
mod common;

use common::{NO_ARGUMENTS, ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("twice", NO_ARGUMENTS), tool("twice", NO_ARGUMENTS)]
}
