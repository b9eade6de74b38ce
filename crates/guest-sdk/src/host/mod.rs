//! What the SDK asks of its host: through the contract's imports in the sandbox, of a scripted host in native tests.

#[cfg(target_arch = "wasm32")]
mod sandbox;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod scripted;

#[cfg(target_arch = "wasm32")]
use sandbox as answering;
#[cfg(not(target_arch = "wasm32"))]
use scripted as answering;

#[cfg(feature = "resource")]
pub(crate) use answering::resource_changed;
pub(crate) use answering::{
    ask, cancel_requested, cancel_wait, config_all, http_send, invoke_call, llm_chat, log,
    planner_solve, report_progress, retrieval_search, secret_exists, secret_reveal, state_delete,
    state_get, state_keys, state_set,
};
