//! What a test host answers to requests.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::http::{Error, HeaderMap, HeaderName, Method, StatusCode};

/// A scripted answer to a request; see [`Host::http`](super::Host::http).
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Result<Bytes, Error>>,
    error: Option<Error>,
}

/// A request that a plugin sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SentRequest {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: String,
    /// The headers, with those that the SDK adds.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
    /// How long it waits for an answer, if it says.
    pub timeout: Option<Duration>,
}

impl Reply {
    /// An empty answer with this status.
    ///
    /// # Panics
    /// If it is no status.
    pub fn status(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status has three digits"),
            headers: HeaderMap::new(),
            pieces: Vec::new(),
            error: None,
        }
    }

    /// Status 200 and a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::status(200).body(text.into())
    }

    /// Status 200 and JSON.
    ///
    /// # Panics
    /// If `value` has no JSON form.
    pub fn json(value: impl Serialize) -> Self {
        let text = serde_json::to_string(&value).expect("the answer has a JSON form");
        Self::text(text).header("content-type", "application/json")
    }

    /// No answer but this; [`Error::Denied`], for one.
    pub fn error(error: Error) -> Self {
        Self {
            error: Some(error),
            ..Self::status(500)
        }
    }

    /// Adds a header.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a name of a header");
        self.headers
            .append(name, value.parse().expect("a value of a header"));
        self
    }

    /// Adds a piece of the body; each comes to the plugin by itself.
    #[must_use]
    pub fn body(mut self, piece: impl Into<Bytes>) -> Self {
        self.pieces.push(Ok(piece.into()));
        self
    }

    /// Breaks the body off after the pieces so far.
    #[must_use]
    pub fn breaks_off(mut self, error: Error) -> Self {
        self.pieces.push(Err(error));
        self
    }

    #[expect(clippy::type_complexity, reason = "named by what takes it apart")]
    pub(crate) fn into_parts(
        self,
    ) -> Result<(StatusCode, HeaderMap, Vec<Result<Bytes, Error>>), Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok((self.status, self.headers, self.pieces)),
        }
    }
}
