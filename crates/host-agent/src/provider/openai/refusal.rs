//! Why a server does not answer: its status, headers and words as an error of the contract.

use std::time::{Duration, SystemTime};

use portcullis_contract::chat::{ChatError, codes};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The error that a response stands for.
pub(super) fn of_response(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> ChatError {
    let said = Said::read(&String::from_utf8_lossy(body));
    let code = match status.as_u16() {
        401 | 403 => codes::UNAUTHORIZED,
        404 => codes::NOT_FOUND,
        413 => codes::CONTEXT_TOO_LONG,
        429 => said.code().unwrap_or(codes::RATE_LIMITED),
        408 | 500..=599 => codes::UNAVAILABLE,
        _ => said.code().unwrap_or(codes::INVALID),
    };
    let message = format!("the provider answered {status}: {}", said.message);
    with_code(code, message, retry_after(headers, now))
}

/// The error in an event of an answer that had begun.
pub(super) fn of_event(error: &Value) -> ChatError {
    let said = Said::of_error(error);
    let code = said.code().unwrap_or(codes::UNAVAILABLE);
    let message = format!("the provider broke the answer off: {}", said.message);
    with_code(code, message, None)
}

fn with_code(code: &str, message: String, retry_after_ms: Option<u64>) -> ChatError {
    let error = ChatError::new(code, message);
    if matches!(code, codes::RATE_LIMITED | codes::UNAVAILABLE) {
        error.retryable(retry_after_ms)
    } else {
        error
    }
}

/// What a server says about an error.
struct Said {
    message: String,
    /// Its `code` and its `type`, of which servers have one or both.
    kinds: Vec<String>,
}

impl Said {
    /// `{"error": {"message": …, "type": …, "code": …}}`, what some have instead, or just text.
    fn read(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(json) => Self::of_error(json.get("error").unwrap_or(&json)),
            Err(_) => Self::of_error(&Value::from(body.trim())),
        }
    }

    fn of_error(error: &Value) -> Self {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let message = text("message").or(text("detail")).or(error.as_str());
        let message = message.map_or_else(|| error.to_string(), str::to_owned);
        let kinds = ["code", "type"].into_iter().filter_map(text);
        Self {
            message,
            kinds: kinds.map(str::to_owned).collect(),
        }
    }

    fn code(&self) -> Option<&'static str> {
        let told = self.kinds.iter().find_map(|kind| match kind.as_str() {
            "context_length_exceeded" => Some(codes::CONTEXT_TOO_LONG),
            "insufficient_quota" => Some(codes::QUOTA_EXCEEDED),
            "rate_limit_exceeded" | "rate_limit_error" => Some(codes::RATE_LIMITED),
            "invalid_api_key" | "authentication_error" => Some(codes::UNAUTHORIZED),
            "model_not_found" => Some(codes::NOT_FOUND),
            "server_error" | "overloaded_error" => Some(codes::UNAVAILABLE),
            _ => None,
        });
        // Servers that have no code for it say it in such words.
        let too_long = || {
            let message = self.message.to_lowercase();
            let words = ["context length", "context size", "context window"];
            let found = words.iter().any(|words| message.contains(words));
            found.then_some(codes::CONTEXT_TOO_LONG)
        };
        told.or_else(too_long)
    }
}

/// In milliseconds, seconds, or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    let text = |value: &reqwest::header::HeaderValue| {
        value.to_str().ok().map(|text| text.trim().to_owned())
    };
    if let Some(milliseconds) = headers
        .get("retry-after-ms")
        .and_then(text)
        .as_deref()
        .and_then(number)
    {
        return Some(milliseconds.ceil() as u64);
    }
    let after = headers.get(RETRY_AFTER).and_then(text)?;
    if let Some(seconds) = number(&after) {
        return Some((seconds * 1000.0).ceil() as u64);
    }
    let date = httpdate::parse_http_date(&after).ok()?;
    let left = date.duration_since(now).unwrap_or(Duration::ZERO);
    u64::try_from(left.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> ChatError {
        let status = StatusCode::from_u16(status).unwrap();
        of_response(
            status,
            &HeaderMap::new(),
            body.as_bytes(),
            SystemTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn statuses_and_codes_become_errors_of_the_contract() {
        let coded =
            |code: &str| format!(r#"{{"error":{{"message":"m","type":"t","code":"{code}"}}}}"#);
        let said = |message: &str| format!(r#"{{"error":{{"message":"{message}"}}}}"#);
        for (status, body, code, retryable) in [
            (400, coded("x"), codes::INVALID, false),
            (
                400,
                coded("context_length_exceeded"),
                codes::CONTEXT_TOO_LONG,
                false,
            ),
            (
                400,
                said("exceeds the maximum Context Length"),
                codes::CONTEXT_TOO_LONG,
                false,
            ),
            (400, coded("model_not_found"), codes::NOT_FOUND, false),
            (401, said("no"), codes::UNAUTHORIZED, false),
            (403, said("no"), codes::UNAUTHORIZED, false),
            (404, String::new(), codes::NOT_FOUND, false),
            (413, String::new(), codes::CONTEXT_TOO_LONG, false),
            (429, said("slower"), codes::RATE_LIMITED, true),
            (
                429,
                coded("insufficient_quota"),
                codes::QUOTA_EXCEEDED,
                false,
            ),
            (
                500,
                "<html>oops</html>".to_owned(),
                codes::UNAVAILABLE,
                true,
            ),
            (529, coded("overloaded_error"), codes::UNAVAILABLE, true),
            (302, String::new(), codes::INVALID, false),
        ] {
            let error = refused(status, &body);
            assert_eq!(
                (error.code.as_str(), error.retryable),
                (code, retryable),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_server_s_words_are_found() {
        for body in [
            r#"{"error":{"message":"why"}}"#,
            r#"{"error":"why"}"#,
            r#"{"detail":"why"}"#,
            "why\n",
        ] {
            assert!(refused(500, body).message.ends_with(": why"), "{body}");
        }
    }

    #[test]
    fn when_to_try_again_is_read_in_each_of_its_forms() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (name, value, milliseconds) in [
            ("retry-after", "7", Some(7000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("retry-after", "-3", None),
            ("retry-after", "NaN", None),
            ("retry-after", "soon", None),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            let error = of_response(StatusCode::TOO_MANY_REQUESTS, &headers, b"", now);
            assert_eq!(error.retry_after_ms, milliseconds, "{name}: {value}");
        }
    }
}
