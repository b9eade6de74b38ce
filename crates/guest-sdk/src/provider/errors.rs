//! From the SDK's errors, and servers' refusals, to a provider's.

use portcullis_contract::chat::{ChatError, codes};

use crate::HostError;
use crate::http::{self, Response, StatusCode};
use crate::stream::Closed;

/// The longest wait that a server's `retry-after` is believed, in seconds: a day.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// The response, if its status is none of a refusal.
///
/// # Errors
/// For a status of 400 or more, the [`ChatError`] that it stands for: `rate-limited` for 429 and `unavailable` for 408 and 5xx, both
/// retryable, after the seconds that the header `retry-after` says; `unauthorized` for 401 and 403; `not-found` for 404; else `invalid`.
pub fn accepted(response: Response) -> Result<Response, ChatError> {
    if response.status.as_u16() < 400 {
        return Ok(response);
    }
    let wait = response.headers.get("retry-after");
    let wait = wait.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let mut error = refusal(response.status);
    if error.retryable {
        error.retry_after_ms = wait.map(|seconds| seconds.min(LONGEST_WAIT) * 1000);
    }
    Err(error)
}

fn refusal(status: StatusCode) -> ChatError {
    let message = format!("the server answered {status}");
    match status.as_u16() {
        429 => ChatError::rate_limited(message, None),
        401 | 403 => ChatError::new(codes::UNAUTHORIZED, message),
        404 => ChatError::new(codes::NOT_FOUND, message),
        408 => ChatError::unavailable(message),
        _ if status.is_server_error() => ChatError::unavailable(message),
        _ => ChatError::new(codes::INVALID, message),
    }
}

impl From<http::Error> for ChatError {
    fn from(error: http::Error) -> Self {
        if let http::Error::Status { status } = error {
            return refusal(status);
        }
        let code = match &error {
            http::Error::Denied => codes::DENIED,
            http::Error::QuotaExceeded => codes::QUOTA_EXCEEDED,
            http::Error::Unavailable { .. } | http::Error::Timeout { .. } => codes::UNAVAILABLE,
            http::Error::Invalid { .. } => codes::INVALID,
            http::Error::Body { .. } => codes::INTERNAL,
            _ => codes::BROKEN,
        };
        Self {
            retryable: error.is_retryable(),
            ..Self::new(code, error.to_string())
        }
    }
}

impl From<HostError> for ChatError {
    fn from(error: HostError) -> Self {
        Self {
            retryable: error.is_retryable(),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<Closed> for ChatError {
    fn from(_: Closed) -> Self {
        Self::new(codes::BROKEN, "nobody reads this answer any more")
    }
}
