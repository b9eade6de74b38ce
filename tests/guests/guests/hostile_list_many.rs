//! Defines ten thousand tools.

#[path = "common/definitions.rs"]
mod common;

use common::{NO_ARGUMENTS, ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    (0..10_000)
        .map(|number| tool(&format!("tool-{number}"), NO_ARGUMENTS))
        .collect()
}
