//! Why a call has no result.

use portcullis_host_core::{Error, ErrorKind, ToolError};
use serde_json::Value;

use super::{QualifiedName, RESULT_BYTES};

/// Why a call has no result. As text it may be more than a model or a plugin should know: they are told [`CallError::told`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// It needs approval and has none.
    #[error("the call of {tool} was not approved{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    NotApproved {
        /// The tool.
        tool: QualifiedName,
        /// What the model is told of why.
        reason: Option<String>,
    },
    /// Its result is more than a conversation can hold.
    #[error(
        "the result of {tool} is larger than {RESULT_BYTES} bytes; ask it for less, or for a part"
    )]
    TooLarge {
        /// The tool.
        tool: QualifiedName,
    },
    /// It could not be made, or failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl CallError {
    /// Stable and machine-readable: one of those that tools' errors have, or a kind of [`Error`].
    pub fn code(&self) -> String {
        match self {
            Self::NotApproved { .. } => ErrorKind::Denied.to_string(),
            Self::TooLarge { .. } => ErrorKind::OutputTooLarge.to_string(),
            Self::Failed(Error::Tool(error) | Error::Denied { error, .. }) => error.code.clone(),
            Self::Failed(Error::UnknownTool { .. }) => "not-found".to_owned(),
            Self::Failed(error) => error.kind().to_string(),
        }
    }

    /// What went wrong, for models and plugins: without what is only the operator's to know, such as settings, folders and the
    /// reasons of denials. What is a tool's own is as its author wrote it.
    pub fn told(&self) -> String {
        match self {
            Self::Failed(error) => error.told(),
            other => other.to_string(),
        }
    }

    /// More about it, as the tool's author chose.
    pub fn details(&self) -> Option<&Value> {
        match self {
            Self::Failed(Error::Tool(error) | Error::Denied { error, .. }) => {
                error.details.as_ref()
            }
            _ => None,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(Error::Tool(error)) => error.retryable,
            Self::Failed(Error::Busy { .. }) => true,
            _ => false,
        }
    }
}

/// What a plugin that called another's tool is told.
impl From<CallError> for ToolError {
    fn from(error: CallError) -> Self {
        // What a person said is for the model that they talk with.
        let message = match &error {
            CallError::NotApproved { tool, .. } => format!("the call of {tool} was not approved"),
            other => other.told(),
        };
        let mut told = Self::new(error.code(), message);
        told.details = error.details().cloned();
        told.retryable = error.is_retryable();
        told
    }
}
