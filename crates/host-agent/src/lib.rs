//! What an agent does with plugins: tools, hooks, model providers, roles, and the services that plugins ask for.

#![deny(missing_docs)]

pub mod action;
pub mod builtin;
pub mod extension;
pub mod hook;
mod nearest;
pub mod observer;
pub mod provider;
pub mod role;
pub mod service;
pub mod tool;

pub use portcullis_contract as contract;
pub use portcullis_host_core as core;
pub use portcullis_host_policy::escape;
