//! A request, from its first word to its response.

use std::time::Duration;

use serde::Serialize;

use super::body::Body;
use super::redirect::{self, MAX_REDIRECTS};
use super::response::{MAX_BYTES, Response};
use super::{Error, HeaderMap, HeaderName, HeaderValue, Method, Outgoing, Uri, header};

/// Codings that a response may come in, unless the plugin asks for others itself.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate");

/// Some servers refuse requests that don't say what made them.
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("portcullis-guest-sdk/", env!("CARGO_PKG_VERSION")));

/// A request that is not sent yet. What is wrong with it, [`send`](Self::send) tells.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request(Result<Parts, Error>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    timeout: Option<Duration>,
    max_bytes: u64,
    follows: bool,
}

/// Starts a GET request.
pub fn get(url: impl AsRef<str>) -> Request {
    request(Method::GET, url)
}

/// Starts a HEAD request.
pub fn head(url: impl AsRef<str>) -> Request {
    request(Method::HEAD, url)
}

/// Starts a POST request.
pub fn post(url: impl AsRef<str>) -> Request {
    request(Method::POST, url)
}

/// Starts a PUT request.
pub fn put(url: impl AsRef<str>) -> Request {
    request(Method::PUT, url)
}

/// Starts a PATCH request.
pub fn patch(url: impl AsRef<str>) -> Request {
    request(Method::PATCH, url)
}

/// Starts a DELETE request.
pub fn delete(url: impl AsRef<str>) -> Request {
    request(Method::DELETE, url)
}

/// Starts a request. The URL is absolute; what is after a `#` is not sent.
pub fn request(method: Method, url: impl AsRef<str>) -> Request {
    let parts = absolute(url.as_ref()).map(|url| Parts {
        method,
        url,
        headers: HeaderMap::new(),
        body: Body::empty(),
        timeout: None,
        max_bytes: MAX_BYTES,
        follows: true,
    });
    Request(parts)
}

impl Request {
    /// Sets a header, in place of what it was. The host sets `Host` and what belongs to the connection itself, and refuses
    /// them here, as it refuses a header that it puts a secret into.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.change(|parts| {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| invalid(format!("{name:?} can't name a header")))?;
            let value = HeaderValue::from_bytes(value.as_ref()).map_err(|_| {
                invalid(format!(
                    "the value of the header `{name}` has control characters"
                ))
            })?;
            parts.headers.insert(name, value);
            Ok(())
        })
    }

    /// Adds `name=value` to the URL's query, percent-encoded.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        self.change(|parts| {
            let query = parts.url.query().unwrap_or_default().to_owned();
            let query = form_urlencoded::Serializer::new(query)
                .append_pair(name, value.as_ref())
                .finish();
            let path = format!("{}?{query}", parts.url.path());
            let mut url = parts.url.clone().into_parts();
            url.path_and_query = Some(path.parse().map_err(invalid)?);
            parts.url = Uri::from_parts(url).map_err(invalid)?;
            Ok(())
        })
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|parts| {
            parts.body = body.into();
            Ok(())
        })
    }

    /// Sets the body to JSON, and the `Content-Type` unless there is one.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.change(|parts| {
            let text = serde_json::to_vec(value)
                .map_err(|error| invalid(format!("the body has no JSON form: {error}")))?;
            parts.body = text.into();
            let json = HeaderValue::from_static("application/json");
            parts.headers.entry(header::CONTENT_TYPE).or_insert(json);
            Ok(())
        })
    }

    /// How long to wait for the connection, for the response to begin, and for each next piece of its body. The host's own
    /// times are the most.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|parts| {
            parts.timeout = Some(timeout);
            Ok(())
        })
    }

    /// Reads at most so many bytes of the response, decompressed if it was compressed; a larger one is
    /// [`Error::TooLarge`]. [`MAX_BYTES`], if not set.
    pub fn max_bytes(self, bytes: u64) -> Self {
        self.change(|parts| {
            parts.max_bytes = bytes;
            Ok(())
        })
    }

    /// Gives redirects as they are, instead of following up to [`MAX_REDIRECTS`].
    pub fn no_redirects(self) -> Self {
        self.change(|parts| {
            parts.follows = false;
            Ok(())
        })
    }

    /// Sends it, follows redirects, and gives the response as soon as its headers are there.
    ///
    /// # Errors
    /// [`Error`] says which.
    pub async fn send(self) -> Result<Response, Error> {
        let mut parts = self.0?;
        let mut redirects = 0;
        loop {
            let (outgoing, decodes) = parts.outgoing()?;
            let incoming = crate::host::http_send(outgoing).await?;
            let follow = parts.follows && redirect::follow(&mut parts, &incoming)?;
            if !follow {
                return Response::new(parts.url, incoming, parts.max_bytes, decodes);
            }
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                return Err(redirect::refused(format!(
                    "there were {MAX_REDIRECTS} before it"
                )));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn into_parts(self) -> Parts {
        self.0.expect("the request is well-formed")
    }

    fn change(mut self, change: impl FnOnce(&mut Parts) -> Result<(), Error>) -> Self {
        if let Ok(parts) = &mut self.0
            && let Err(error) = change(parts)
        {
            self.0 = Err(error);
        }
        self
    }
}

impl Parts {
    /// The request as the host gets it, and whether the SDK decodes its response.
    fn outgoing(&mut self) -> Result<(Outgoing, bool), Error> {
        let mut headers = self.headers.clone();
        let body_len = self.body.len();
        let body = self.body.take().map_err(|_| {
            redirect::refused("it asks for the body once more, and that was a stream")
        })?;
        let says_length = match body_len {
            Some(0) => {
                ![Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS].contains(&self.method)
            }
            Some(_) => true,
            None => false,
        };
        if let (true, Some(len)) = (says_length, body_len) {
            headers.insert(header::CONTENT_LENGTH, len.into());
        }
        // A plugin that names codings, or wants a part of the bytes, reads them itself.
        let decodes =
            !headers.contains_key(header::ACCEPT_ENCODING) && !headers.contains_key(header::RANGE);
        if decodes {
            headers.insert(header::ACCEPT_ENCODING, CODINGS);
        }
        headers.entry(header::USER_AGENT).or_insert(USER_AGENT);
        let outgoing = Outgoing {
            method: self.method.clone(),
            url: self.url.clone(),
            headers,
            body,
            timeout: self.timeout,
        };
        Ok((outgoing, decodes))
    }
}

/// A URL of scheme, authority and path. The gate judges the rest.
pub(super) fn absolute(url: &str) -> Result<Uri, Error> {
    let url: Uri = url
        .parse()
        .map_err(|error| invalid(format!("the URL can't be read: {error}")))?;
    if url.scheme().is_none() || url.authority().is_none() {
        return Err(invalid(
            "the URL is not absolute; it starts with `https://` and a host",
        ));
    }
    Ok(url)
}

fn invalid(reason: impl ToString) -> Error {
    Error::Invalid {
        reason: reason.to_string(),
    }
}
