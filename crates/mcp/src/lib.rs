//! Portcullis plugins for every MCP client: an MCP server whose tools, resources and prompts are those of sandboxed plugins.
//!
//! An [`Endpoint`] is what all clients have in common: the plugins, and how they are shown. Each client gets a [`Session`] of its own,
//! which shows no more than its [`Principal`] may see, and calls as that principal. [`serve_stdio`] serves the one client that started
//! this process; [`serve_io`] one at the other end of any two streams of bytes.

#![deny(missing_docs)]

/// The sample of the page on clients compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mcp.md")]
struct Clients;

mod catalog;
mod content;
mod endpoint;
pub mod http;
mod principal;
mod session;
mod stdio;

pub use endpoint::{Endpoint, EndpointOptions, Naming};
pub use principal::Principal;
pub use session::Session;
pub use stdio::{ServeError, serve_io, serve_stdio};

/// The samples of the page on serving over HTTP compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/serving.md")]
struct Serving;
