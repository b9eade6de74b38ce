//! Gives a schema nested thirty thousand objects deep: enough to overflow the stack of a recursive reader.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    const DEPTH: usize = 30_000;
    let (open, close) = (r#"{"not":"#.repeat(DEPTH), "}".repeat(DEPTH));
    vec![tool(
        "greet",
        &format!(r#"{{"type":"object","not":{open}true{close}}}"#),
    )]
}
