//! Gives a schema whose references only lead back to themselves.

#[path = "common/definitions.rs"]
mod common;

use common::{ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    let schema = r##"{"type":"object","properties":{"name":{"$ref":"#/$defs/a"}},
        "$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##;
    vec![tool("greet", schema)]
}
