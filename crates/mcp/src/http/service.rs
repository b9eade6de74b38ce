//! What is answered to a request, and by whom.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::{Client, Clients, NotLetIn};
use super::guard::Guard;
use super::metrics::Instruments;
use super::reply::{self, Reply};
use super::sessions::Full as FullOf;
use super::{Metrics, body};

/// The header that names a session.
const SESSION: &str = "mcp-session-id";

/// JSON-RPC: this is no JSON.
const PARSE_ERROR: i32 = -32_700;

/// JSON-RPC: this is JSON, and no message.
const INVALID_REQUEST: i32 = -32_600;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Mcp,
    Health,
    Ready,
    Metrics,
    Other,
}

impl Route {
    fn of(path: &str) -> Self {
        match path {
            "/mcp" => Self::Mcp,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            _ => Self::Other,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mcp => "/mcp",
            Self::Health => "/healthz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
            Self::Other => "other",
        }
    }
}

/// Answers the requests of all connections.
pub(super) struct Service {
    guard: Guard,
    clients: Arc<Clients>,
    body_bytes: usize,
    metrics: Option<(Metrics, Instruments)>,
    /// The answers that are under way.
    running: TaskTracker,
    /// Cancelled when no further request is taken.
    closing: CancellationToken,
}

impl Service {
    pub(super) fn new(
        guard: Guard,
        clients: Arc<Clients>,
        body_bytes: usize,
        metrics: Option<Metrics>,
        running: TaskTracker,
        closing: CancellationToken,
    ) -> Self {
        let metrics = metrics.map(|metrics| {
            let instruments = Instruments::new(&metrics, &clients);
            (metrics, instruments)
        });
        Self {
            guard,
            clients,
            body_bytes,
            metrics,
            running,
            closing,
        }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Reply {
        let begun = Instant::now();
        let (method, route) = (request.method().clone(), Route::of(request.uri().path()));
        let mut reply = match self.routed(route, request).await {
            Ok(reply) | Err(reply) => reply,
        };
        let nosniff = HeaderValue::from_static("nosniff");
        reply
            .headers_mut()
            .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        if let Some((_, instruments)) = &self.metrics {
            instruments.answered(&method, route, reply.status(), begun.elapsed());
        }
        reply
    }

    async fn routed(&self, route: Route, request: Request<Incoming>) -> Result<Reply, Reply> {
        match route {
            // Who asks for these is a machine that knows an address alone, and learns nothing.
            Route::Health => get(request.method()).map(|()| reply::plain(StatusCode::OK, "up")),
            Route::Ready => get(request.method()).map(|()| self.ready()),
            Route::Metrics => {
                self.guard.check(&request)?;
                get(request.method())?;
                self.metrics(&*self.client(request.headers())?)
            }
            Route::Mcp => {
                self.guard.check(&request)?;
                let client = self.client(request.headers())?;
                self.mcp(&client, request).await
            }
            Route::Other => Err(reply::plain(StatusCode::NOT_FOUND, "there is /mcp here")),
        }
    }

    fn ready(&self) -> Reply {
        match self.closing.is_cancelled() {
            true => reply::later(StatusCode::SERVICE_UNAVAILABLE, "ending"),
            false => reply::plain(StatusCode::OK, "ready"),
        }
    }

    fn metrics(&self, client: &Client) -> Result<Reply, Reply> {
        if !client.record.terms.metrics {
            let why = "this token may not read metrics; one made with --metrics may";
            return Err(reply::plain(StatusCode::FORBIDDEN, why));
        }
        let Some((metrics, _)) = &self.metrics else {
            return Err(reply::plain(
                StatusCode::NOT_FOUND,
                "nothing is measured here",
            ));
        };
        let text = metrics.text().map_err(|error| {
            tracing::error!("{error}");
            reply::plain(StatusCode::INTERNAL_SERVER_ERROR, "metrics can't be told")
        })?;
        let media_type = "text/plain; version=0.0.4; charset=utf-8";
        Ok(reply::with_type(StatusCode::OK, media_type, text))
    }

    /// Who asks, by its token.
    fn client(&self, headers: &HeaderMap) -> Result<Arc<Client>, Reply> {
        let Some(presented) = bearer(headers) else {
            let challenge = "Bearer realm=\"portcullis\"";
            return Err(reply::unauthorized(challenge, "a bearer token is wanted"));
        };
        let client = self.clients.find(presented).map_err(|not| {
            let challenge = "Bearer realm=\"portcullis\", error=\"invalid_token\"";
            let why = match not {
                NotLetIn::Unknown => "this token is not known",
                NotLetIn::Expired => "this token has expired",
            };
            reply::unauthorized(challenge, why)
        })?;
        match client.may_ask() {
            true => Ok(client),
            false => {
                let why = "this token made as many requests as it may within a minute";
                Err(reply::later(StatusCode::TOO_MANY_REQUESTS, why))
            }
        }
    }

    async fn mcp(&self, client: &Client, request: Request<Incoming>) -> Result<Reply, Reply> {
        if self.closing.is_cancelled() {
            let why = "the server is about to end";
            return Err(reply::later(StatusCode::SERVICE_UNAVAILABLE, why));
        }
        let (mut parts, body) = request.into_parts();
        // It has done its work, and goes no further.
        parts.headers.remove(header::AUTHORIZATION);
        let session = parts.headers.get(SESSION);
        let session = session.map(|id| id.to_str().unwrap_or_default().to_owned());
        if parts.method == Method::POST {
            return self.post(client, parts, body, session.as_deref()).await;
        }
        if parts.method == Method::DELETE && session.is_some_and(|id| !client.sessions.has(&id)) {
            return Err(no_session());
        }
        let ends = parts.method == Method::DELETE;
        let request = Request::from_parts(parts, Full::new(Bytes::new()));
        let mut reply = client.service.handle(request).await;
        // It has ended: nothing is left to be done later.
        if ends && reply.status() == StatusCode::ACCEPTED {
            *reply.status_mut() = StatusCode::NO_CONTENT;
        }
        Ok(reply)
    }

    async fn post(
        &self,
        client: &Client,
        parts: Parts,
        body: Incoming,
        session: Option<&str>,
    ) -> Result<Reply, Reply> {
        if !is_json(&parts.headers) {
            let why = "a message comes as application/json";
            return Err(reply::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let running = self.running.token();
        let message = body::read(body, self.body_bytes).await?;
        let request = Request::from_parts(parts, Full::new(message.clone()));
        let reply = client.service.handle(request).await;
        match reply.status() {
            // The type was right, so it is the message that is none.
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(not_understood(&message)),
            StatusCode::INTERNAL_SERVER_ERROR => Err(failed(client, session, reply)),
            _ => Ok(body::tracked(reply, running)),
        }
    }
}

/// What stands behind a fault, where it is none: there is no room for another session, or the session has just ended.
fn failed(client: &Client, session: Option<&str>, reply: Reply) -> Reply {
    match (session, client.sessions.full()) {
        (Some(id), _) if !client.sessions.has(id) => no_session(),
        (None, Some(full)) => {
            let status = match full {
                FullOf::Own => StatusCode::TOO_MANY_REQUESTS,
                FullOf::All => StatusCode::SERVICE_UNAVAILABLE,
            };
            reply::later(status, full.to_string())
        }
        _ => reply,
    }
}

fn no_session() -> Reply {
    reply::plain(StatusCode::NOT_FOUND, "there is no such session")
}

fn not_understood(message: &[u8]) -> Reply {
    match serde_json::from_slice::<serde::de::IgnoredAny>(message) {
        Ok(_) => reply::no_message(INVALID_REQUEST, "this is no message of the protocol"),
        Err(_) => reply::no_message(PARSE_ERROR, "this is no JSON"),
    }
}

fn get(method: &Method) -> Result<(), Reply> {
    if *method == Method::GET {
        return Ok(());
    }
    let mut refused = reply::plain(StatusCode::METHOD_NOT_ALLOWED, "this is read with GET");
    let allow = HeaderValue::from_static("GET");
    refused.headers_mut().insert(header::ALLOW, allow);
    Err(refused)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

/// The token that a request carries, where it carries one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}
