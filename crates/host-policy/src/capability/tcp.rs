//! `tcp:` – connections that a plugin may open. Outbound only: there is no rule for UDP, binding or listening.

use std::fmt;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use super::host::HostPattern;
use super::http::parse_authority;

/// What stands after `tcp:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpRule {
    /// The host.
    pub host: HostPattern,
    /// The port.
    pub port: u16,
}

impl TcpRule {
    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "`tcp:` is followed by a host and a port, such as `tcp:db.example.com:5432`";
        match parse_authority(piece)? {
            (host, Some(port)) => Ok(Self { host, port }),
            (_, None) => Err(piece.fail(Kind::Port, rule)),
        }
    }

    /// What both allow.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let host = self.host.and(&other.host)?;
        (self.port == other.port).then_some(Self {
            host,
            port: self.port,
        })
    }

    /// Whether every connection that `other` allows, this rule allows too.
    pub fn covers(&self, other: &Self) -> bool {
        self.port == other.port && self.host.covers(&other.host)
    }
}

impl fmt::Display for TcpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
