//! What the SDK asks of its host: through the contract's imports in the sandbox, of a scripted host in native tests.

#[cfg(target_arch = "wasm32")]
mod sandbox;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod scripted;

#[cfg(target_arch = "wasm32")]
pub(crate) use sandbox::{cancel_requested, cancel_wait, config_all, log, report_progress};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use scripted::{cancel_requested, cancel_wait, config_all, log, report_progress};
