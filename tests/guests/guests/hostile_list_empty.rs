//! Exports tools and defines none.

#[path = "common/definitions.rs"]
mod common;

use common::ToolDefinition;

fn definitions() -> Vec<ToolDefinition> {
    Vec::new()
}
