//! Gives a valid schema of ten megabytes.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let comment = "x".repeat(10_000_000);
    vec![tool(
        "greet",
        &format!(r#"{{"type":"object","$comment":"{comment}"}}"#),
    )]
}
