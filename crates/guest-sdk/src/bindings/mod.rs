//! Everything that is generated from the contract, and the exports that hand it to [`crate::rt`].
#![allow(unsafe_code, missing_docs, unreachable_pub)]

pub(crate) mod asking;
#[cfg(all(feature = "hooks", not(feature = "sync")))]
mod hooks;
#[cfg(all(feature = "lifecycle", not(feature = "sync")))]
mod lifecycle;
#[cfg(feature = "prompt")]
mod prompts;
#[cfg(all(feature = "providers", not(feature = "sync")))]
mod providers;
#[cfg(not(feature = "sync"))]
pub(crate) mod reading;
#[cfg(feature = "resource")]
pub(crate) mod resources;
#[cfg(feature = "roles")]
mod roles;
pub(crate) mod services;
#[cfg(all(feature = "streaming", not(feature = "sync")))]
mod streaming;

use self::tool_types::{ToolCall, ToolDefinition, ToolError, ToolOutput};
use crate::rt;

#[cfg(all(
    feature = "sync",
    any(
        feature = "streaming",
        feature = "lifecycle",
        feature = "hooks",
        feature = "providers"
    )
))]
compile_error!(
    "the feature `sync` of portcullis-guest-sdk is for toolchains without async exports, and `streaming`, `lifecycle`, `hooks` \
     and `providers` are such exports; leave out one or the other (and build one plugin a cargo invocation, as cargo unites \
     features)"
);

/// The contract's `tool-types`: the SDK's own, which have its fields, so that nothing is converted.
mod tool_types {
    pub(crate) use crate::error::ToolError;
    pub(crate) use crate::types::*;
}

/// The contract's `resource-types`, likewise.
#[cfg(feature = "resource")]
mod resource_types {
    pub(crate) use crate::resource::*;
}

/// The contract's `prompt-types`, likewise.
#[cfg(feature = "prompt")]
mod prompt_types {
    pub(crate) use crate::prompt::*;
}

macro_rules! bindings {
    ($world:tt) => {
        wit_bindgen::generate!({
            world: $world,
            path: "wit",
            with: { "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types },
            generate_all,
        });
    };
}

#[cfg(feature = "sync")]
bindings!("portcullis:plugin/sync-tool-plugin");
#[cfg(all(feature = "streaming", not(feature = "sync")))]
bindings!("portcullis:plugin/streaming-tool-plugin");
#[cfg(not(any(feature = "streaming", feature = "sync")))]
bindings!("portcullis:plugin/tool-plugin");

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
