//! OpenAI's chat completions over HTTP, as many servers speak them.
//!
//! No guest stands behind these connections: they are the agent's own, to the endpoint that its operator named, so they do not
//! go through the gate.

mod decode;
mod key;
mod refusal;
mod request;

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use portcullis_contract::chat::{ChatError, ChatRequest, ModelInfo, codes};
use reqwest::{Client, RequestBuilder, Response, Url, header, redirect};
use secrecy::SecretString;
use serde::Deserialize;
use sse_stream::SseByteStream;

use self::decode::Decoder;
use self::key::Key;
use super::{ChatEvent, ChatProvider, ChatStream};

/// How long a connection may take: a server that is there takes a fraction of it.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest answer as it is on the wire, where one token takes some 400 bytes: a quarter of a million tokens and more.
const MAX_WIRE_BYTES: usize = 128 * 1024 * 1024;

/// The longest list of models that is read: routers of hundreds of models send about 1 MB.
const MAX_MODELS_BYTES: usize = 8 * 1024 * 1024;

/// How much of an error's body is read: what explains it comes first, and a proxy's page of HTML is no help.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// How many characters of an error are told: a paragraph.
const MAX_MESSAGE: usize = 1000;

/// Why there is no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAiError {
    /// The endpoint can't be used. It is not repeated, since there may be a password in it.
    #[error("this is no endpoint: {0}; one looks like `https://api.openai.com/v1`")]
    Endpoint(String),
    /// The key can't be in a header.
    #[error("this is no key: one is made of visible ASCII characters, at least one")]
    Key,
    /// Anybody on the way could read the key.
    #[error(
        "the key would go to {0:?} for everybody to read: use https, or an endpoint on this machine"
    )]
    KeyInClear(String),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// A provider behind an HTTP endpoint. It connects there and nowhere else: it follows no redirect and uses no proxy of the
/// environment. It has no limit on time of its own; [`Bounded`](super::Bounded) has, and so has a set of
/// [`Providers`](super::Providers).
pub struct OpenAi {
    client: Client,
    endpoint: String,
    key: Option<Arc<Key>>,
}

impl OpenAi {
    /// A provider that asks `endpoint` with `/chat/completions` and `/models` after it, as whom `key` says.
    ///
    /// # Errors
    /// Where the endpoint is no `http` or `https` URL of a server and a path, where the key would be readable on the way, and
    /// where the system has no root certificates for `https`.
    pub fn new(endpoint: &str, key: Option<SecretString>) -> Result<Self, OpenAiError> {
        let url = read_endpoint(endpoint)?;
        let key = key.map(Key::new).transpose()?.map(Arc::new);
        let secure = url.scheme() == "https";
        if key.is_some() && !secure && !is_local(&url) {
            let host = url.host_str().unwrap_or_default();
            return Err(OpenAiError::KeyInClear(host.to_owned()));
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls(secure)?)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| OpenAiError::Tls(error.to_string()))?;
        Ok(Self {
            client,
            endpoint: url.as_str().trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// Sends a request, and takes an answer that is none for an error.
    async fn send(&self, request: RequestBuilder) -> Result<Response, ChatError> {
        let request = match &self.key {
            Some(key) => request.header(header::AUTHORIZATION, key.header()),
            None => request,
        };
        let response = request.send().await.map_err(not_sent)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        // What says why may break off: the status says enough.
        let body = read(response, MAX_REFUSAL_BYTES).await.unwrap_or_default();
        let error = refusal::of_response(status, &headers, &body, SystemTime::now());
        Err(told(error, self.key.as_deref()))
    }
}

/// The endpoint, never the key.
impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ChatProvider for OpenAi {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let url = format!("{}/models", self.endpoint);
        let response = self.send(self.client.get(url)).await?;
        let body = read(response, MAX_MODELS_BYTES).await?;
        let list: ModelList = serde_json::from_slice(&body).map_err(|error| {
            let error = ChatError::new(
                codes::BROKEN,
                format!("the list of models is none: {error}"),
            );
            told(error, self.key.as_deref())
        })?;
        Ok(list.data.into_iter().map(ModelInfo::from).collect())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        let body = request::body(&request)?.to_string();
        let url = format!("{}/chat/completions", self.endpoint);
        let asked = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(body);
        let response = self.send(asked).await?;
        let key = self.key.clone();
        let answer = events(response).map_err(move |error| told(error, key.as_deref()));
        Ok(super::complete(answer.boxed()))
    }
}

/// The events of an answer, until it is done or fails.
fn events(response: Response) -> ChatStream {
    let chunks = response.bytes_stream().scan(0_usize, |taken, chunk| {
        let chunk = chunk.map_err(|error| cut(&error)).and_then(|chunk| {
            *taken = taken.saturating_add(chunk.len());
            if *taken > MAX_WIRE_BYTES {
                let problem = format!("the answer is longer than {MAX_WIRE_BYTES} bytes");
                return Err(ChatError::new(codes::BROKEN, problem));
            }
            Ok(chunk)
        });
        std::future::ready(Some(chunk))
    });
    let server_sent = SseByteStream::new(chunks.boxed());
    let decoded = stream::unfold(Some((server_sent, Decoder::default())), async |state| {
        let (mut server_sent, mut decoder) = state?;
        let events: Result<Vec<ChatEvent>, ChatError> = match server_sent.next().await {
            Some(Ok(event)) => decoder.take(event.data.as_deref().unwrap_or_default()),
            Some(Err(error)) => Err(unreadable(error)),
            None => Ok(decoder.end()),
        };
        let over = events.is_err() || decoder.is_done();
        let items: Vec<_> = match events {
            Ok(events) => events.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        Some((
            stream::iter(items),
            (!over).then_some((server_sent, decoder)),
        ))
    });
    decoded.flatten().boxed()
}

/// An error in the stream: its own, or one of its bytes.
fn unreadable(error: sse_stream::Error) -> ChatError {
    let problem = match error {
        sse_stream::Error::Body(error) => match error.downcast::<ChatError>() {
            Ok(own) => return *own,
            Err(error) => error.to_string(),
        },
        other => other.to_string(),
    };
    ChatError::new(
        codes::BROKEN,
        format!("the answer can't be read: {problem}"),
    )
}

/// Nothing came back.
fn not_sent(error: reqwest::Error) -> ChatError {
    if error.is_builder() {
        return ChatError::new(codes::INVALID, reasons(&error));
    }
    ChatError::unavailable(format!(
        "the provider can't be reached: {}",
        reasons(&error)
    ))
}

/// The connection ended in the middle.
fn cut(error: &reqwest::Error) -> ChatError {
    let problem = format!("the answer broke off: {}", reasons(error));
    ChatError::new(codes::BROKEN, problem).retryable(None)
}

/// What happened and why, without the address, which who configured it knows.
fn reasons(error: &reqwest::Error) -> String {
    let mut reasons = Vec::new();
    let mut cause = error.source();
    while let Some(reason) = cause {
        reasons.push(reason.to_string());
        cause = reason.source();
    }
    if reasons.is_empty() {
        reasons.push("the request failed".to_owned());
    }
    reasons.join(": ")
}

/// An error with a server's words in it, without the key, and not too long. In this order: half a key is one too many.
fn told(error: ChatError, key: Option<&Key>) -> ChatError {
    let message = match key {
        Some(key) => key.redact(&error.message),
        None => error.message,
    };
    ChatError {
        message: message.chars().take(MAX_MESSAGE).collect(),
        ..error
    }
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, ChatError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cut(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            let problem = format!("the provider's answer is longer than {limit} bytes");
            return Err(ChatError::new(codes::BROKEN, problem));
        }
    }
    Ok(body)
}

fn read_endpoint(endpoint: &str) -> Result<Url, OpenAiError> {
    let problem = |problem: &str| Err(OpenAiError::Endpoint(problem.to_owned()));
    let url = match Url::parse(endpoint) {
        Ok(url) => url,
        Err(error) => return problem(&error.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return problem("it has to begin with `https://` or `http://`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return problem("it may not have a user or a password; give the key by itself");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return problem("it may not have a query or a fragment");
    }
    Ok(url)
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// rustls with the system's roots; without any where the endpoint is not secure anyway.
fn tls(secure: bool) -> Result<rustls::ClientConfig, OpenAiError> {
    let mut roots = rustls::RootCertStore::empty();
    if secure {
        let loaded = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(loaded.certs);
        if roots.is_empty() {
            let problem = "the system has no root certificates; install its package ca-certificates, \
                or name a file in SSL_CERT_FILE";
            return Err(OpenAiError::Tls(problem.to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenAiError::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
    /// vLLM's.
    max_model_len: Option<u64>,
    /// OpenRouter's.
    context_length: Option<u64>,
    /// OpenRouter's.
    name: Option<String>,
}

impl From<ListedModel> for ModelInfo {
    fn from(listed: ListedModel) -> Self {
        Self {
            id: listed.id,
            title: listed.name,
            context_tokens: listed.max_model_len.or(listed.context_length),
            features: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
