//! One module per command.

pub(crate) mod audit;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
mod describe;
pub(crate) mod dev;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod mcp;
pub(crate) mod new;
pub(crate) mod plugins;
pub(crate) mod policy;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod trust;
pub(crate) mod verify;
