//! Everything that is generated from the contract, and the exports that hand it to [`crate::rt`].
#![allow(unsafe_code, missing_docs, unreachable_pub)]

use crate::rt;
use crate::types::{ToolCall, ToolDefinition, ToolError, ToolOutput};

#[cfg(not(feature = "sync"))]
wit_bindgen::generate!({
    world: "portcullis:plugin/tool-plugin",
    path: "wit",
    with: { "portcullis:tool/tool-types@0.1.0": crate::types },
    generate_all,
});

#[cfg(feature = "sync")]
wit_bindgen::generate!({
    world: "portcullis:plugin/sync-tool-plugin",
    path: "wit",
    with: { "portcullis:tool/tool-types@0.1.0": crate::types },
    generate_all,
});

struct Plugin;

export!(Plugin);

#[cfg(not(feature = "sync"))]
impl exports::portcullis::tool::tools::Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        rt::definitions()
    }

    async fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        rt::call(call).await
    }
}

#[cfg(feature = "sync")]
impl exports::portcullis::tool::sync_tools::Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        rt::definitions()
    }

    fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        rt::run_to_end(rt::call(call))
    }
}
