//! Tools that send requests as raw as a transport lets them be. The guest brings the transport: `crate::exchange` for
//! requests that are under way together, `crate::abandon` for an upload that is left.

use std::collections::BTreeMap;

use portcullis_guest_sdk::prelude::*;
use serde_json::{Value, json};

/// One request. What is not said is not set.
#[plugin_type]
#[derive(Clone, Default)]
#[serde(default)]
pub(crate) struct Fetch {
    pub(crate) method: String,
    pub(crate) scheme: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trailers: Vec<(String, String)>,
    /// The body, each piece written by itself; no piece, no body.
    pub(crate) pieces: Vec<String>,
    /// So many bytes `x` after the pieces.
    pub(crate) fill: usize,
    /// In milliseconds: to connect, to the first byte, between two.
    pub(crate) timeouts: Option<(u64, u64, u64)>,
    /// Bytes of the response's body that are answered; the others are read and counted.
    pub(crate) show: usize,
    /// Whether the response's body is left unread, and open.
    pub(crate) unread: bool,
}

impl Fetch {
    /// The body, in the pieces in which it is written.
    pub(crate) fn body(&self) -> Vec<Vec<u8>> {
        const PIECE: usize = 16 * 1024;
        let said = self.pieces.iter().map(|piece| piece.clone().into_bytes());
        let filled = (0..self.fill.div_ceil(PIECE))
            .map(|number| vec![b'x'; PIECE.min(self.fill - number * PIECE)]);
        said.chain(filled).collect()
    }

    pub(crate) fn has_body(&self) -> bool {
        !self.pieces.is_empty() || self.fill > 0 || !self.trailers.is_empty()
    }
}

/// What came of a request, as far as it came.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
    pub(crate) failure: Option<Failure>,
}

/// Where it ended, and what the guest was told.
pub(crate) struct Failure {
    /// `build`, before the request was handed over; `send`; or `body`.
    pub(crate) at: &'static str,
    pub(crate) what: String,
}

impl Answer {
    pub(crate) fn failed(mut self, at: &'static str, what: impl std::fmt::Debug) -> Self {
        let what = format!("{what:?}");
        self.failure.get_or_insert(Failure { at, what });
        self
    }

    /// Takes a piece of the response's body.
    pub(crate) fn take(&mut self, fetch: &Fetch, piece: &[u8]) {
        let room = fetch.show.saturating_sub(self.body.len()).min(piece.len());
        self.body.extend_from_slice(&piece[..room]);
        self.length += piece.len() as u64;
    }

    fn json(&self) -> Value {
        let failure = self.failure.as_ref();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = |fields: &[(String, Vec<u8>)]| -> Vec<Value> {
            let pairs = fields
                .iter()
                .map(|(name, value)| json!([name, text(value)]));
            pairs.collect()
        };
        json!({
            "status": self.status,
            "headers": fields(&self.headers),
            "body": text(&self.body),
            "length": self.length,
            "trailers": fields(&self.trailers),
            "code": self.outcome(),
            "at": failure.map(|failure| failure.at),
            "what": failure.map(|failure| &failure.what),
        })
    }

    /// `ok`, or the contract's word for what the guest was told.
    fn outcome(&self) -> &'static str {
        let Some(failure) = &self.failure else {
            return "ok";
        };
        if failure.at == "build" {
            return "invalid";
        }
        let what = failure.what.trim_start_matches("ErrorCode::");
        let is = |starts: &[&str]| starts.iter().any(|start| what.starts_with(start));
        if is(&["HttpRequestDenied", "Denied"]) {
            "denied"
        } else if is(&[
            "ConnectionLimitReached",
            "HttpRequestBodySize",
            "QuotaExceeded",
        ]) {
            "quota-exceeded"
        } else if is(&["HttpRequest", "Invalid"]) {
            "invalid"
        } else if is(&[
            "DnsError",
            "DnsTimeout",
            "Destination",
            "ConnectionRefused",
            "Unavailable",
        ]) {
            "unavailable"
        } else if is(&[
            "ConnectionTimeout",
            "ConnectionReadTimeout",
            "HttpResponseTimeout",
            "Timeout",
        ]) {
            "timeout"
        } else if is(&[
            "HttpResponseBodySize",
            "HttpResponseHeader",
            "HttpResponseTrailer",
            "TooLarge",
        ]) {
            "too-large"
        } else {
            "failed"
        }
    }
}

/// Sends one request and says what came of it.
#[plugin_tool]
async fn fetch(request: Fetch) -> Value {
    one(request).await.json()
}

/// Sends one request and fails with the code that came of it.
#[plugin_tool]
async fn insist(request: Fetch) -> Result<Value, ToolError> {
    let answer = one(request).await;
    match answer.outcome() {
        "ok" => Ok(answer.json()),
        code => Err(ToolError::new(code, "the request failed")),
    }
}

async fn one(request: Fetch) -> Answer {
    let mut answers = crate::exchange(vec![request]).await;
    answers.pop().expect("as many answers as requests")
}

/// Sends a request so many times, so many at once, and counts what came of them.
#[plugin_tool]
async fn storm(request: Fetch, times: usize, at_once: usize) -> BTreeMap<&'static str, u32> {
    let mut outcomes = BTreeMap::new();
    let mut left = times;
    while left > 0 {
        let round = left.min(at_once);
        left -= round;
        for answer in crate::exchange(vec![request.clone(); round]).await {
            *outcomes.entry(answer.outcome()).or_default() += 1;
        }
    }
    outcomes
}

/// Starts an upload, writes what the request says of it, and then: `wait`s for ever, or `return`s and leaves it open.
#[plugin_tool]
async fn abandon(request: Fetch, then: String) -> String {
    crate::abandon(request, then == "wait").await;
    "left".to_owned()
}
