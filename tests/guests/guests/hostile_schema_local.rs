//! Gives a schema that refers to a file of the host.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema = r#"{"type":"object","properties":{"name":{"$ref":"file:///etc/hostname"}}}"#;
    vec![tool("greet", schema)]
}
