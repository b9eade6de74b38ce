//! HTTP requests: one reading, or a refusal.

use std::fmt;

use super::{Host, RequestError};
use crate::capability::{
    CapabilityErrorKind as Kind, HostPattern, Method, OriginRule, PathPattern, Piece, Scheme,
    decode, parse_authority,
};

/// Longest URL, in bytes; servers commonly refuse longer ones.
const MAX_URL: usize = 8 * 1024;

const CHARACTERS: &str = "a URL is made of visible ASCII characters, without `\"`, `<` and `>`";
const FRAGMENT: &str = "a request has no fragment";
const SHAPE: &str = "a URL is a scheme (http or https), `://`, a host, a port where it is not the scheme's own, and a \
    path that starts with `/`";
const HOST: &str = "the host of a request is one name or address, in its one canonical form";
const LONG: &str = "a URL has at most 8192 bytes";
const METHOD: &str = "a method is GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS";

/// A request with one reading.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpRequest {
    method: Method,
    scheme: Scheme,
    host: Host,
    port: u16,
    /// As it was written, and as it is sent.
    path: String,
    /// As it is compared.
    decoded: String,
    query: Option<String>,
}

impl HttpRequest {
    /// Reads a method and a URL.
    ///
    /// # Errors
    /// Where either is not what a plugin may use, or the URL has more than one reading.
    pub fn parse(method: &str, url: &str) -> Result<Self, RequestError> {
        let known = method.parse::<Method>();
        let method = known.map_err(|_| Piece::new(short(method)).fail(Kind::Method, METHOD))?;
        if url.len() > MAX_URL {
            return Err(Piece::new(short(url)).fail(Kind::TooLong, LONG).into());
        }
        let url = Piece::new(url);
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>');
        if let Some((at, c)) = url.text().char_indices().find(|&(_, c)| odd(c)) {
            return Err(url
                .slice(at..at + c.len_utf8())
                .fail(Kind::Path, CHARACTERS)
                .into());
        }
        if let Some((_, fragment)) = url.split_once("#") {
            return Err(fragment.fail(Kind::Path, FRAGMENT).into());
        }
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| url.fail(Kind::Scheme, SHAPE))?;
        let scheme = match scheme.text() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(scheme.fail(Kind::Scheme, SHAPE).into()),
        };
        let (authority, target) = rest.cut_before(|c| matches!(c, '/' | '?'));
        let (host, port) = host(authority)?;
        let (path, query) = target
            .split_once("?")
            .map_or((target, None), |(path, query)| (path, Some(query)));
        // Only an address that ends with its host has an empty path, and means `/`.
        let written = if target.text().is_empty() {
            "/"
        } else {
            path.text()
        };
        let decoded = decode(written)
            .map_err(|(place, flaw)| path.slice_chars(place).fail(Kind::Path, flaw.rule()))?;
        Ok(Self {
            method,
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            path: written.to_owned(),
            decoded,
            query: query.map(|query| query.text().to_owned()),
        })
    }

    /// Reads a request from the parts in which WASI hands it over; `path_and_query` is empty where none was set.
    ///
    /// # Errors
    /// As [`HttpRequest::parse`].
    pub fn from_parts(
        method: &str,
        scheme: &str,
        authority: &str,
        path_and_query: &str,
    ) -> Result<Self, RequestError> {
        let authority_end = authority.find(['/', '?', '#', '\\']);
        let path_start = path_and_query.is_empty() || path_and_query.starts_with('/');
        if scheme.contains(':') || authority_end.is_some() || !path_start {
            let url = format!(
                "{}://{}{}",
                short(scheme),
                short(authority),
                short(path_and_query)
            );
            return Err(Piece::new(&url).fail(Kind::Host, SHAPE).into());
        }
        Self::parse(method, &format!("{scheme}://{authority}{path_and_query}"))
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's own where none was named.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path as it is sent; starts with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it is sent, without `?`. No rule ever looks at it.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// What `Host` and `:authority` say: the host, and the port where it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Scheme, host and port: what credentials belong to.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    /// The whole URL, query included: for sending, not for showing.
    pub fn url(&self) -> String {
        let query = self
            .query
            .as_ref()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        format!("{}{}{query}", self.origin(), self.path)
    }

    /// The path for logs and audit: what looks like a token is taken out, and there is no query.
    pub fn redacted_path(&self) -> String {
        Redacted(&self.path).to_string()
    }

    /// The rule that allows this request and no other.
    pub(crate) fn rule(&self) -> OriginRule {
        OriginRule {
            methods: [self.method].into_iter().collect(),
            scheme: self.scheme,
            host: self.host.pattern(),
            port: self.port,
            path: PathPattern::exact(&self.decoded),
            within: None,
        }
    }
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}://{}", self.method, self.scheme, self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Redacted(&self.path).fmt(f)
    }
}

/// A path without what looks like a token.
struct Redacted<'a>(&'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.split('/').enumerate() {
            f.write_str(if at == 0 { "" } else { "/" })?;
            f.write_str(if is_token(segment) { "…" } else { segment })?;
        }
        Ok(())
    }
}

pub(super) fn host(authority: Piece<'_>) -> Result<(Host, Option<u16>), RequestError> {
    let (pattern, port) = parse_authority(authority)?;
    let written = authority.text();
    let host = match &pattern {
        HostPattern::Name(name) => Host::Name(name.clone()),
        HostPattern::Address(address) => Host::Address(*address),
        HostPattern::Under(_) | HostPattern::Slot(_) => {
            return Err(authority.fail(Kind::Host, HOST).into());
        }
    };
    // A rule may spell an IPv6 address in any way; a request is sent on as it was written.
    if !written.starts_with(&host.to_string()) {
        return Err(authority.fail(Kind::Host, HOST).into());
    }
    Ok((host, port))
}

/// Whether a segment may be a credential: long, or of some length and mixed from letters and digits.
fn is_token(segment: &str) -> bool {
    let mixed = segment.contains(|c: char| c.is_ascii_digit())
        && segment.contains(|c: char| c.is_ascii_alphabetic());
    segment.len() > 32 || (segment.len() >= 16 && mixed)
}

/// The start of a text that may be too long to be shown.
fn short(text: &str) -> &str {
    text.char_indices()
        .nth(256)
        .map_or(text, |(end, _)| &text[..end])
}
