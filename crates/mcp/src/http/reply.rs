//! Answers that are not rmcp's.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};

/// What every request is answered with.
pub(super) type Reply = Response<BoxBody<Bytes, Infallible>>;

/// How soon who was refused for a limit may ask again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// A status, and why, in a line for people.
pub(super) fn plain(status: StatusCode, why: impl Into<String>) -> Reply {
    with_type(status, "text/plain; charset=utf-8", why.into() + "\n")
}

/// A status and a body of this type.
pub(super) fn with_type(status: StatusCode, media_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)).boxed());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Refuses for a limit that has room again after a while.
pub(super) fn later(status: StatusCode, why: impl Into<String>) -> Reply {
    let mut reply = plain(status, why);
    reply.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    reply
}

/// Refuses who has no token that counts, and says what is wanted.
pub(super) fn unauthorized(challenge: &'static str, why: &str) -> Reply {
    let mut reply = plain(StatusCode::UNAUTHORIZED, why);
    let challenge = HeaderValue::from_static(challenge);
    reply
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    reply
}

/// Refuses a message that is none of the protocol's: JSON-RPC's own words, without an id, since none was understood.
pub(super) fn no_message(code: i32, why: &str) -> Reply {
    let error = serde_json::json!({
        "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": why },
    });
    with_type(
        StatusCode::BAD_REQUEST,
        "application/json",
        error.to_string(),
    )
}
