//! Pure decisions of the Portcullis plugin runtime.
//!
//! What a plugin may ask for ([`capability`]), what its author says of it ([`manifest`]) and how much it may use
//! ([`limits`]). Nothing here opens a file or a socket, reads a clock or waits: every function is decided by its
//! arguments alone, and none panics on any input.
#![deny(missing_docs)]

pub mod address;
pub mod audit;
pub mod capability;
pub mod decision;
mod grant;
mod id;
mod identity;
pub mod limits;
pub mod manifest;
mod report;
pub mod request;
mod slot;
mod text;

pub use grant::Grant;
pub use id::{PluginId, PluginIdError};
pub use identity::{Identity, IdentityError};
pub use slot::{SlotError, Slots};
