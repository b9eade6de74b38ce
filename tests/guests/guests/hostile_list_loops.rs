//! Never finishes saying what its tools are.

#[path = "common/definitions.rs"]
mod common;

use common::ToolDefinition;

fn definitions() -> Vec<ToolDefinition> {
    loop {
        std::hint::spin_loop();
    }
}
