//! Defines a tool whose name is a path, with an escape sequence in it.

#[path = "common/definitions.rs"]
mod common;

use common::{NO_ARGUMENTS, ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    vec![tool("../\u{1b}[2Jgreet", NO_ARGUMENTS)]
}
