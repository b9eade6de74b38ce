//! The host's side of the contract.

#[cfg_attr(feature = "sync", path = "asking_sync.rs")]
mod asking;
mod http;
#[cfg_attr(feature = "sync", path = "state_sync.rs")]
mod state;

use crate::HostError;
use crate::ask::Answer;
use crate::bindings::portcullis::host;
use crate::bindings::portcullis::tool;
use crate::bindings::services::portcullis::host::{host_types, secrets};
use crate::log::Level;
use crate::planner::PlanStep;
use crate::retrieval::Chunk;
use crate::types::Progress;

pub(crate) use asking::{ask, invoke_call, llm_chat, planner_solve, retrieval_search};
pub(crate) use http::http_send;
pub(crate) use state::{state_delete, state_get, state_keys, state_set};

pub(crate) fn log(level: Level, message: &str, fields: &[(String, String)]) {
    let level = match level {
        Level::Trace => host::log::Level::Trace,
        Level::Debug => host::log::Level::Debug,
        Level::Info => host::log::Level::Info,
        Level::Warn => host::log::Level::Warn,
        Level::Error => host::log::Level::Error,
    };
    host::log::write(level, message, fields);
}

pub(crate) fn config_all() -> String {
    host::config::all()
}

pub(crate) fn report_progress(call_id: &str, progress: &Progress) {
    tool::progress::report(call_id, progress);
}

#[cfg(not(feature = "sync"))]
pub(crate) fn cancel_requested(call_id: &str) -> bool {
    tool::cancellation::requested(call_id)
}

#[cfg(not(feature = "sync"))]
pub(crate) async fn cancel_wait(call_id: String) {
    tool::cancellation::wait(call_id).await;
}

// The interface `cancellation` has an async function, which the toolchains that `sync` is for can't import.
#[cfg(feature = "sync")]
pub(crate) fn cancel_requested(_call_id: &str) -> bool {
    false
}

#[cfg(feature = "sync")]
pub(crate) async fn cancel_wait(_call_id: String) {
    std::future::pending().await
}

#[cfg(feature = "resource")]
pub(crate) fn resource_changed(uri: &str) {
    crate::bindings::resources::portcullis::resource::updates::changed(uri);
}

pub(crate) fn secret_exists(name: &str) -> bool {
    secrets::exists(name)
}

pub(crate) fn secret_reveal(name: &str) -> Result<String, HostError> {
    Ok(secrets::reveal(name)?)
}

impl From<host_types::HostError> for HostError {
    fn from(error: host_types::HostError) -> Self {
        Self::new(error.code, error.message, error.retryable)
    }
}

impl From<host_types::Chunk> for Chunk {
    fn from(chunk: host_types::Chunk) -> Self {
        Self {
            id: chunk.id,
            text: chunk.text,
            score: chunk.score,
            source: chunk.source,
            metadata: chunk.metadata,
        }
    }
}

impl From<host_types::Answer> for Answer<String> {
    fn from(answer: host_types::Answer) -> Self {
        match answer {
            host_types::Answer::Accepted(answer) => Self::Accepted(answer),
            host_types::Answer::Declined => Self::Declined,
            host_types::Answer::Cancelled => Self::Cancelled,
        }
    }
}

impl From<host_types::PlanStep> for PlanStep {
    fn from(step: host_types::PlanStep) -> Self {
        Self::new(step.action, step.arguments)
    }
}
