//! Write sandboxed plugins for AI agents as annotated Rust functions.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//!
//! /// Greets a person by name.
//! #[plugin_tool]
//! fn greet(
//!     /// Who to greet.
//!     name: String,
//! ) -> String {
//!     format!("Hello, {name}!")
//! }
//! ```
//!
//! That and this Cargo.toml are a plugin; `cargo build --target wasm32-wasip2` makes a component of it that a Portcullis host
//! loads.
//!
//! ```toml
//! [package]
//! name = "hello"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! portcullis-guest-sdk = "0.1"
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | make a tool | [`#[plugin_tool]`](macro@plugin_tool), which says what arguments and results may be |
//! | take or give a type of your own | [`#[plugin_type]`](macro@plugin_type) |
//! | fail | [`ToolError`], or any error with `?` |
//! | know the call, report progress, end early | [`Context`] |
//! | answer bytes, several blocks, or in full control | [`Blob`], [`Content`], [`ToolOutput`] |
//! | work in pieces | [`stream`] |
//! | log | [`log`] |
//! | ask a server | [`http`] |
//! | use a secret without seeing it | [`secrets`] |
//! | keep something from call to call | [`state`] |
//! | take part in an agent's life, watch it or stop it | [`#[plugin_hook]`](macro@plugin_hook), [`hook`] |
//! | bring a model provider | [`#[plugin_provider]`](macro@plugin_provider), [`provider`] |
//! | bring a role | [`#[plugin_role]`](macro@plugin_role), [`Role`] |
//! | offer something to read | [`#[plugin_resource]`](macro@plugin_resource), [`resource`] |
//! | offer openings of a conversation | [`#[plugin_prompt]`](macro@plugin_prompt), [`prompt`] |
//! | ask the host's model | [`llm`] |
//! | ask the person | [`ask`] |
//! | search the operator's texts, plan | [`retrieval`], [`planner`] |
//! | call another plugin's tool | [`invoke`] |
//! | read settings | [`config`], or [`#[plugin_start]`](macro@plugin_start) before the first call |
//! | test with plain `cargo test` | [`testing`] |
//!
//! # Life of an instance
//! By default each call runs in a fresh instance, so a static is as new as the call; a plugin that wants to keep state asks for
//! it in its manifest. A panic ends the instance, and its caller is told the message and the place.
//!
//! # Features
//! A component exports what its features choose, and a host takes a plugin's kinds from its exports.
//! - `streaming`: tools that take or give their data in pieces.
//! - `lifecycle`: a function that is handed the settings before the first call:
//!
//!   ```
//!   use std::sync::OnceLock;
//!
//!   use portcullis_guest_sdk::prelude::*;
//!
//!   static GREETING: OnceLock<String> = OnceLock::new();
//!
//!   #[plugin_type]
//!   struct Settings {
//!       greeting: String,
//!   }
//!
//!   #[plugin_start]
//!   fn start(settings: Settings) -> Result<(), String> {
//!       GREETING.set(settings.greeting).map_err(|_| "started twice".into())
//!   }
//!   ```
//! - `hooks`: hooks, `providers`: model providers, `roles`: roles, `resource`: resources, `prompt`: prompts.
//! - `sync`: exports without `async`, for toolchains that can't encode them (`cargo component build` with cargo-component 0.21).
//!   An `async` tool is then run to its end on the spot: requests go through WASI 0.2 and block, so that one waits for the
//!   other; the host can't be asked about cancellation. Goes with `roles`, `resource` and `prompt`, and excludes the others.
//!
//! Cargo unites the features of everything that it builds at once, so build one plugin an invocation.

#![deny(missing_docs)]

pub mod ask;
#[cfg(target_arch = "wasm32")]
mod bindings;
pub mod config;
mod context;
mod error;
pub mod hook;
mod host;
mod host_error;
pub mod http;
pub mod invoke;
pub mod llm;
pub mod log;
mod output;
pub mod planner;
pub mod prompt;
pub mod provider;
pub mod resource;
pub mod retrieval;
mod role;
#[doc(hidden)]
pub mod rt;
pub mod secrets;
pub mod state;
pub mod stream;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod types;

/// The samples of the guide run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/authors.md")]
struct Guide;

/// The README's sample compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

pub use context::Context;
pub use error::ToolError;
pub use host_error::HostError;
pub use output::IntoToolOutput;
pub use portcullis_contract::{Action, chat};
pub use portcullis_macros::{
    plugin_hook, plugin_prompt, plugin_provider, plugin_resource, plugin_role, plugin_start,
    plugin_tool, plugin_type,
};
pub use prompt::{PromptMessage, PromptOutput};
pub use resource::ResourceContents;
pub use role::Role;
pub use stream::{InputStream, OutputStream, Stream};
pub use types::{
    Blob, Content, Extension, Progress, ResourceLink, Streams, ToolCall, ToolDefinition, ToolEvent,
    ToolOutput,
};

pub use futures;
pub use schemars;
pub use serde;
pub use serde_json;

/// What almost every plugin uses: `use portcullis_guest_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::hook::Verdict;
    pub use crate::provider::{ChatOutput, ChatProvider};
    pub use crate::state::Expected;
    pub use crate::{
        Action, Blob, Content, Context, HostError, InputStream, IntoToolOutput, OutputStream,
        Progress, PromptMessage, PromptOutput, ResourceContents, ResourceLink, Role, Stream,
        ToolError, ToolEvent, ToolOutput,
    };
    pub use crate::{
        ask, config, http, invoke, llm, log, planner, resource, retrieval, secrets, state,
    };
    pub use crate::{
        plugin_hook, plugin_prompt, plugin_provider, plugin_resource, plugin_role, plugin_start,
        plugin_tool, plugin_type,
    };
}
