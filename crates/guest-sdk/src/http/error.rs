//! How a request can fail.

use super::StatusCode;

/// Why a request has no response, or its response no body.
///
/// Turned into a [`ToolError`](crate::ToolError) with `?`, also from within an error type of the plugin's own, it keeps
/// its [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody allowed it. The operator sees what would; the plugin does not.
    #[error("this plugin may not make this request; its operator is told what would allow it")]
    Denied,
    /// No server could take it as it is, or the host does not.
    #[error("the request is not valid: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The server can't be reached, or went away.
    #[error("the server can't be reached: {reason}")]
    Unavailable {
        /// As the host tells it.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("no answer in time: {reason}")]
    Timeout {
        /// As the host tells it.
        reason: String,
    },
    /// The host lets this plugin make no more requests now.
    #[error("this plugin has used up what the host lets it request")]
    QuotaExceeded,
    /// The response is larger than a limit.
    #[error("the response is too large: {reason}")]
    TooLarge {
        /// Which limit, and how to raise it.
        reason: String,
    },
    /// The server does not speak HTTP as it should.
    #[error("the server's answer is no valid HTTP: {reason}")]
    Protocol {
        /// As the host tells it.
        reason: String,
    },
    /// A redirect that must not, or can't, be followed.
    #[error("the redirect is not followed: {reason}")]
    Redirect {
        /// The rule.
        reason: String,
    },
    /// [`Response::error_for_status`](super::Response::error_for_status) found a status of 400 or more.
    #[error("the server answered {status}")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The body is not what it was read as.
    #[error("the response can't be read: {reason}")]
    Decode {
        /// What was expected and what was there.
        reason: String,
    },
    /// The stream that a request's body was taken from failed; the server sees that the upload broke off.
    #[error("the request's body could not be read to its end: {reason}")]
    Body {
        /// The stream's own error.
        reason: String,
    },
}

impl Error {
    /// The code of the [`ToolError`](crate::ToolError) that it turns into.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid { .. } => "invalid",
            Self::Unavailable { .. } | Self::Protocol { .. } => "unavailable",
            Self::Timeout { .. } => "timeout",
            Self::QuotaExceeded => "quota-exceeded",
            Self::TooLarge { .. } => "too-large",
            Self::Redirect { .. } => "redirect",
            Self::Status { .. } => "http-status",
            Self::Decode { .. } => "decode",
            Self::Body { .. } => "internal",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Timeout { .. } => true,
            Self::Status { status } => {
                matches!(status.as_u16(), 408 | 429) || status.is_server_error()
            }
            _ => false,
        }
    }
}
