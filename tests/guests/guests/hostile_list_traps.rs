//! Panics when it is asked for its tools.

#[path = "common/definitions.rs"]
mod common;

use common::ToolDefinition;

fn definitions() -> Vec<ToolDefinition> {
    panic!("this plugin does not say what it can do")
}
