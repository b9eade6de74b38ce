//! `http:` – requests that a plugin may send.

use std::fmt;

use ipnet::IpNet;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use super::host::{HostPattern, parse_network, parse_port, split_port};
use super::method::Methods;
use super::path::PathPattern;

const FORM: &str = "`http:` is followed by methods (GET,HEAD where none is named), an address such as \
    `https://api.example.com/v1/*`, and, for the operator, `in` and a network; or by `*` for public names over https";

const LITERAL_RULE: &str =
    "a rule for an address needs no `in`: that address and no other is dialled";

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// As it stands in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is named.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What stands after `http:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpRule {
    /// `*`: GET and HEAD over https on port 443 to public names, never with a secret.
    Public,
    /// One origin, or a family of them.
    Origin(OriginRule),
}

/// Methods, an origin, and a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginRule {
    /// The methods that may be used.
    pub methods: Methods,
    /// The scheme.
    pub scheme: Scheme,
    /// The host.
    pub host: HostPattern,
    /// The port: the scheme's own where none is named.
    pub port: u16,
    /// The paths.
    pub path: PathPattern,
    /// A network that may be dialled besides public addresses. Only the operator can say it.
    pub within: Option<IpNet>,
}

impl HttpRule {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        if piece.text() == "*" {
            return Ok(Self::Public);
        }
        let Some((before, after)) = piece.split_once("://") else {
            return Err(piece.fail(Kind::Scheme, FORM));
        };
        let (methods, scheme) = match before.text().rfind(' ') {
            Some(space) => {
                let (methods, scheme) = before.split_at(space, 1);
                (Methods::parse(methods)?, scheme)
            }
            None => (Methods::default(), before),
        };
        let scheme = parse_scheme(scheme)?;
        let (address, network) = after
            .split_once(" in ")
            .map_or((after, None), |(a, n)| (a, Some(n)));
        let (authority, path) = address.cut_before(|c| matches!(c, '/' | '?' | '#'));
        let (host, port) = parse_authority(authority)?;
        if let (HostPattern::Address(_), Some(network)) = (&host, network) {
            let kept = network.before().trim_end_matches(" in ");
            return Err(network.fail(Kind::Network, LITERAL_RULE).suggest(kept));
        }
        Ok(Self::Origin(OriginRule {
            methods,
            scheme,
            host,
            port: port.unwrap_or(scheme.default_port()),
            path: if path.text().is_empty() {
                PathPattern::default()
            } else {
                PathPattern::parse(path)?
            },
            within: network.map(parse_network).transpose()?,
        }))
    }
}

fn parse_scheme(piece: Piece<'_>) -> Result<Scheme, CapabilityError> {
    let rule =
        "the scheme is http or https, in lower case, after one space where methods are named";
    match piece.text() {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        other => {
            let failure = piece.fail(Kind::Scheme, rule);
            match other.to_ascii_lowercase().as_str() {
                known @ ("http" | "https") => Err(failure.suggest_instead(known)),
                _ => Err(failure),
            }
        }
    }
}

/// Parses `host[:port]`.
pub(crate) fn parse_authority(
    piece: Piece<'_>,
) -> Result<(HostPattern, Option<u16>), CapabilityError> {
    let rule =
        "an address in a rule has no user and no password; a secret is bound by the operator";
    if let Some(at) = piece.text().rfind('@') {
        let (user, host) = piece.split_at(at, 1);
        return Err(user.fail(Kind::Host, rule).suggest(format!(
            "{}{}",
            piece.before(),
            host.rest()
        )));
    }
    let (host, port) = split_port(piece);
    Ok((HostPattern::parse(host)?, port.map(parse_port).transpose()?))
}

impl OriginRule {
    pub(crate) fn covers(&self, other: &Self) -> bool {
        // Rules differ in their hosts first.
        self.host.covers(&other.host)
            && self.methods.covers(other.methods)
            && self.scheme == other.scheme
            && self.port == other.port
            && self.path.covers(&other.path)
            && self.within_covers(other)
    }

    fn within_covers(&self, other: &Self) -> bool {
        match (&self.within, &other.within) {
            (_, None) => true,
            (Some(own), Some(other)) => own.contains(other),
            (None, Some(_)) => false,
        }
    }
}

impl HttpRule {
    /// Whether every request that `other` allows, this rule allows too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Public, Self::Public) => true,
            (Self::Public, Self::Origin(other)) => {
                other.is_public()
                    && other.within.is_none()
                    && Methods::default().covers(other.methods)
            }
            (Self::Origin(own), Self::Origin(other)) => own.covers(other),
            (Self::Origin(_), Self::Public) => false,
        }
    }

    /// What both allow.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Public, Self::Public) => Some(Self::Public),
            (Self::Public, Self::Origin(rule)) | (Self::Origin(rule), Self::Public) => {
                let methods = rule.methods.and(Methods::default());
                let narrowed = OriginRule {
                    methods,
                    within: None,
                    ..rule.clone()
                };
                (rule.is_public() && !methods.is_empty()).then_some(Self::Origin(narrowed))
            }
            (Self::Origin(own), Self::Origin(other)) => own.and(other).map(Self::Origin),
        }
    }
}

impl OriginRule {
    /// Whether scheme, host and port are among those of `http:*`.
    fn is_public(&self) -> bool {
        let name = match &self.host {
            HostPattern::Name(name) | HostPattern::Under(name) => name.can_be_public(),
            HostPattern::Address(_) | HostPattern::Slot(_) => false,
        };
        name && self.scheme == Scheme::Https && self.port == Scheme::Https.default_port()
    }

    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let methods = self.methods.and(other.methods);
        let same = self.scheme == other.scheme && self.port == other.port && !methods.is_empty();
        let within = match (&self.within, &other.within) {
            // Two networks lie one in the other or apart.
            (Some(own), Some(other)) if own.contains(other) => Some(*other),
            (Some(own), Some(other)) if other.contains(own) => Some(*own),
            _ => None,
        };
        same.then_some(Self {
            methods,
            scheme: self.scheme,
            host: self.host.and(&other.host)?,
            port: self.port,
            path: self.path.and(&other.path)?,
            within,
        })
    }
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("*"),
            Self::Origin(rule) => write!(f, "{rule}"),
        }
    }
}

impl fmt::Display for OriginRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.methods != Methods::default() {
            write!(f, "{} ", self.methods)?;
        }
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        if !self.path.is_everything() {
            write!(f, "{}", self.path)?;
        }
        match &self.within {
            Some(network) => write!(f, " in {network}"),
            None => Ok(()),
        }
    }
}
