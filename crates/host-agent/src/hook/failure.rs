//! How a handler can fail, by kind.

use std::time::Duration;

use portcullis_host_policy::capability::Capability;

use super::change::Misfit;
use super::{HookError, Mode};

/// Why a handler's answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HookFailure {
    /// It said so, or trapped.
    #[error("it failed: {0}")]
    Failed(#[from] HookError),
    /// A native one panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// It did not answer in time.
    #[error("it did not answer within {0:?}")]
    Late(Duration),
    /// It may not judge like that.
    #[error("it {judgement}, which a handler in {mode} mode may not")]
    Disallowed { judgement: &'static str, mode: Mode },
    /// Its new payload is none.
    #[error("its new payload can't be taken: {0}")]
    Misfit(#[from] Misfit),
    /// Its grants were taken back while the event's table stood.
    #[error("`{0}` was taken back from it")]
    Ungranted(Box<Capability>),
    /// It failed too often, and was not asked.
    #[error(
        "it failed too often in a row and is not asked; the next trial is in {} s",
        .0.as_secs_f32().ceil()
    )]
    Open(Duration),
}

impl HookFailure {
    /// The failure in words for models and people that are not the operator: no plugin learns from them what it was granted.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Ungranted(_) => "what it needs was taken back from it".to_owned(),
            Self::Misfit(_) => "its new payload can't be taken".to_owned(),
            other => other.to_string(),
        }
    }
}
