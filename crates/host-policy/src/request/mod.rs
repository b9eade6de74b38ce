#![doc = include_str!("request.md")]

mod header;
mod http;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

pub use header::{FORBIDDEN_HEADERS, is_forbidden_header};
pub use http::HttpRequest;

use crate::capability::{
    Capability, CapabilityError, CapabilityErrorKind, DomainName, HostPattern, HttpRule, Piece,
    TcpRule,
};
use crate::report;

const CONNECT: &str = "a connection goes to a host and a port, such as `db.example.com:5432`";

/// Why a request can't be judged: it has more than one reading, or none.
///
/// As text it gives the rule alone, since it goes to logs and audit, and a URL may carry what is nobody's business;
/// [`RequestError::report`] shows the URL to who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a request: {rule}")]
pub struct RequestError {
    /// What was asked for.
    pub text: String,
    /// The place of the mistake: bytes of `text`.
    pub span: Range<usize>,
    /// The rule that is broken.
    pub rule: &'static str,
}

impl RequestError {
    /// The text with carets under the mistake, and the rule.
    pub fn report(&self) -> String {
        report::render(
            "",
            &self.text,
            self.span.clone(),
            "not a request",
            self.rule,
            &[],
        )
    }
}

impl From<CapabilityError> for RequestError {
    fn from(error: CapabilityError) -> Self {
        Self {
            text: error.text,
            span: error.span,
            rule: error.rule,
        }
    }
}

/// A host that a request names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, to be looked up.
    Name(DomainName),
    /// An address; never an IPv4-mapped one.
    Address(IpAddr),
}

impl Host {
    /// The pattern that stands for this host alone.
    pub(crate) fn pattern(&self) -> HostPattern {
        match self {
            Self::Name(name) => HostPattern::Name(name.clone()),
            Self::Address(address) => HostPattern::Address(*address),
        }
    }
}

/// As in an address: IPv6 in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(_) => self.pattern().fmt(f),
        }
    }
}

/// One thing that a plugin is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Send an HTTP request.
    Http(HttpRequest),
    /// Open a connection.
    Connect {
        /// The host.
        host: Host,
        /// The port.
        port: u16,
    },
    /// Look a name up. Allowed for names that some rule for requests or connections is about: a lookup carries
    /// what is in the name to whoever serves it.
    Lookup(DomainName),
    /// Everything else, as the narrowest capability for it: one variable, one folder, one model, one tool.
    Use(Capability),
}

impl Request {
    /// A connection to `host:port`.
    ///
    /// # Errors
    /// Where that is not one host and one port.
    pub fn connect(target: &str) -> Result<Self, RequestError> {
        let piece = Piece::new(target);
        let (host, port) = http::host(piece)?;
        match port {
            Some(port) => Ok(Self::Connect { host, port }),
            None => Err(piece.fail(CapabilityErrorKind::Port, CONNECT).into()),
        }
    }

    /// The narrowest capability that allows this; none for lookups, which go with connections.
    pub fn capability(&self) -> Option<Capability> {
        match self {
            Self::Http(request) => Some(Capability::Http(HttpRule::Origin(request.rule()))),
            Self::Connect { host, port } => Some(Capability::Tcp(TcpRule {
                host: host.pattern(),
                port: *port,
            })),
            Self::Lookup(_) => None,
            Self::Use(capability) => Some(capability.clone()),
        }
    }

    /// The host that it leads to.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Http(request) => Some(request.host().to_string()),
            Self::Connect { host, .. } => Some(host.to_string()),
            Self::Lookup(name) => Some(name.to_string()),
            Self::Use(_) => None,
        }
    }

    /// The word that a capability for it starts with.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Connect { .. } => "tcp",
            Self::Lookup(_) => "lookup",
            Self::Use(capability) => capability.name(),
        }
    }

    /// Whether it needs the network.
    pub fn is_network(&self) -> bool {
        match self {
            Self::Http(_) | Self::Connect { .. } | Self::Lookup(_) => true,
            Self::Use(capability) => matches!(capability, Capability::Http(_) | Capability::Tcp(_)),
        }
    }
}

/// For operators: without query, and with what looks like a token taken out.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(request) => write!(f, "{request}"),
            Self::Connect { host, port } => write!(f, "a connection to {host}:{port}"),
            Self::Lookup(name) => write!(f, "a lookup of {name}"),
            Self::Use(capability) => write!(f, "{capability}"),
        }
    }
}
