//! Write sandboxed plugins for AI agents as annotated Rust functions.

#![deny(missing_docs)]

#[cfg(target_arch = "wasm32")]
mod bindings;
pub mod config;
mod context;
mod error;
mod host;
pub mod log;
mod output;
#[doc(hidden)]
pub mod rt;
pub mod stream;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod types;

pub use context::Context;
pub use error::ToolError;
pub use output::IntoToolOutput;
pub use portcullis_macros::{plugin_start, plugin_tool, plugin_type};
pub use stream::{InputStream, OutputStream, Stream, StreamItem};
pub use types::{
    Blob, Content, Extension, Progress, ResourceLink, Streams, ToolCall, ToolDefinition, ToolEvent,
    ToolOutput,
};

pub use schemars;
pub use serde;
pub use serde_json;

/// What almost every plugin uses: `use portcullis_guest_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Blob, Content, Context, InputStream, IntoToolOutput, OutputStream, Progress, ResourceLink,
        Stream,
    };
    pub use crate::{
        ToolError, ToolEvent, ToolOutput, config, log, plugin_start, plugin_tool, plugin_type,
    };
}
