//! Why a server does not answer: what its status says, and what it says itself.

use portcullis_guest_sdk::chat::{ChatError, codes};
use portcullis_guest_sdk::http::Response;
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::provider::accepted;
use portcullis_guest_sdk::serde_json::{self, Value};

/// The secret that the operator binds, if the server wants a key.
const KEY: &str = "OPENAI_API_KEY";

/// How much of an error's body is read: what explains it comes first, and a proxy's page of HTML is no help.
const MAX_BODY: usize = 64 << 10;

/// How many characters of a server's words are told: a paragraph.
const MAX_WORDS: usize = 1000;

/// The response, if it is an answer.
///
/// # Errors
/// What its status says, made more precise by its body.
pub(crate) async fn answered(mut response: Response) -> Result<Response, ChatError> {
    if response.status.as_u16() < 400 {
        return Ok(response);
    }
    let body = beginning(&mut response).await;
    accepted(response).map_err(|error| explained(error, &body))
}

/// The error in an event of an answer that had begun.
pub(crate) fn of_event(error: &Value) -> ChatError {
    let said = Said::of(error);
    let code = said.code().unwrap_or(codes::UNAVAILABLE);
    with_code(
        code,
        format!("the server broke the answer off: {}", said.words),
        None,
    )
}

/// The body may break off: the status says enough.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            break;
        }
    }
    body
}

fn explained(error: ChatError, body: &[u8]) -> ChatError {
    let said = Said::read(&String::from_utf8_lossy(body));
    let mut message = error.message;
    if !said.words.is_empty() {
        message = format!("{message}: {}", said.words);
    }
    if error.code == codes::UNAUTHORIZED && !secrets::exists(KEY) {
        message.push_str("; this plugin has no key: its operator can bind the secret ");
        message.push_str(KEY);
    }
    // Of refusals that have a status of their own, the status counts.
    let code = match error.code.as_str() {
        codes::INVALID | codes::RATE_LIMITED => said.code().unwrap_or(&error.code),
        known => known,
    };
    with_code(code, message, error.retry_after_ms)
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
    words: String,
    /// Its `code` and its `type`, of which servers have one or both.
    kinds: Vec<String>,
}

impl Said {
    /// `{"error": {"message": …, "type": …, "code": …}}`, what some have instead, or just text.
    fn read(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(json) => Self::of(json.get("error").unwrap_or(&json)),
            Err(_) => Self::of(&Value::from(body.trim())),
        }
    }

    fn of(error: &Value) -> Self {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        let words = text("message").or(text("detail")).or(error.as_str());
        let words = words.map_or_else(|| error.to_string(), str::to_owned);
        let kinds = ["code", "type"].into_iter().filter_map(text);
        Self {
            words: words.chars().take(MAX_WORDS).collect(),
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
        let words = self.words.to_lowercase();
        let too_long = ["context length", "context size", "context window"];
        let too_long = too_long.iter().any(|said| words.contains(said));
        told.or(too_long.then_some(codes::CONTEXT_TOO_LONG))
    }
}
