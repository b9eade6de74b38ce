//! The values that pass between Portcullis plugins and their hosts, as Rust types that both sides share.
//!
//! `wit/` is the contract, and where it says "JSON that fits the published schema" it is these types that the schemas are made
//! of: the [payloads of hooks](hook) and [actions](Action). [`chat`] is the contract's `chat-types` as they stand there, since a
//! conversation is also part of payloads. An [`EmbeddedResource`] is the payload of a kind of content, and [`uri`] says which
//! addresses resources may have. The crate knows neither side: it has no I/O, and no opinion.

#![deny(missing_docs)]

mod action;
pub mod chat;
mod embedded;
pub mod hook;
pub mod uri;

pub use action::{Action, ActionError};
pub use embedded::{EmbeddedBody, EmbeddedResource};
