//! Hosts: names, wildcards, addresses and slots.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use ipnet::IpNet;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use super::name::{SlotName, name};

const RULE: &str = "a host is a name in lower case (`api.example.com`), `*.` and a name, an IPv4 address, an IPv6 \
    address in brackets, or a `{slot}`";
const NAME_RULE: &str = "a host name is in lower case and ASCII (`xn--` for others), has no trailing dot, and its \
    last label is not a number";
const ADDRESS_RULE: &str = "an IPv4 address is four decimal numbers without leading zeros, an IPv6 address stands in \
    brackets and has no zone";
const WILDCARD_RULE: &str = "a wildcard is `*.` before a name; it stands for one label or more";
const SUFFIX_RULE: &str = "a wildcard must not cover names of different owners: put it under a registered domain, not \
    under a public suffix";

name! {
    /// A host name in its one canonical form: lower-case A-labels, no trailing dot, last label not numeric.
    DomainName
}

impl DomainName {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let text = piece.text();
        let ascii = Uts46::new()
            .to_ascii(
                text.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .ok();
        if ascii.as_deref().is_some_and(ends_in_number) {
            return Err(piece.fail(Kind::Host, ADDRESS_RULE));
        }
        match ascii {
            Some(ascii) if ascii == text => Ok(Self(text.to_owned())),
            Some(ascii) => Err(piece.fail(Kind::Host, NAME_RULE).suggest_instead(&ascii)),
            None => Err(
                match text.strip_suffix('.').filter(|text| !text.is_empty()) {
                    Some(rest) => piece.fail(Kind::Host, NAME_RULE).suggest_instead(rest),
                    None => piece.fail(Kind::Host, RULE),
                },
            ),
        }
    }

    /// Whether this name is `base` with one label or more before it.
    pub fn is_under(&self, base: &Self) -> bool {
        self.0
            .strip_suffix(base.as_str())
            .is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether the name can be a public one: it has a dot, and is not kept for local or special use (RFC 6761, 6762,
    /// 7686, 8375, 9476, and `internal`, which ICANN reserved).
    pub fn can_be_public(&self) -> bool {
        const KEPT: &[&str] = &[
            "alt",
            "home.arpa",
            "internal",
            "invalid",
            "local",
            "localhost",
            "onion",
            "test",
        ];
        let kept = |suffix: &&str| {
            self.0
                .strip_suffix(*suffix)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.0.contains('.') && !KEPT.iter().any(kept)
    }

    /// Whether a wildcard over this name stands for `name`: under it, with no public suffix between the two.
    fn reaches(&self, name: &Self) -> bool {
        name.is_under(self) && name.public_suffix().len() < self.0.len()
    }

    /// The part of the name under which anybody may register, by the public suffix list, its private part included.
    pub fn public_suffix(&self) -> &str {
        psl::suffix_str(&self.0).unwrap_or(&self.0)
    }
}

impl FromStr for DomainName {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::parse(Piece::new(text))
    }
}

/// Whether a URL parser would take the name for an IPv4 address (URL Standard, "ends in a number").
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The host of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// Exactly this name.
    Name(DomainName),
    /// Every name under this one, not itself: `*.example.com`. It does not reach across a public suffix:
    /// `*.amazonaws.com` is not `bucket.s3.amazonaws.com`, which belongs to somebody else.
    Under(DomainName),
    /// Exactly this address; an IPv4-mapped IPv6 address is the IPv4 address.
    Address(IpAddr),
    /// What the operator puts there.
    Slot(SlotName),
}

impl HostPattern {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let text = piece.text();
        if text.starts_with('{') {
            return SlotName::parse_braced(piece).map(Self::Slot);
        }
        if text.starts_with('[') {
            return Self::parse_v6(piece);
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(piece
                .fail(Kind::Host, ADDRESS_RULE)
                .suggest_instead(&format!("[{text}]")));
        }
        match text.find('*') {
            Some(_) => Self::parse_wildcard(piece),
            None => DomainName::parse(piece).map(Self::Name),
        }
    }

    fn parse_v6(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let inside = piece
            .text()
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        match inside.and_then(|text| text.parse::<Ipv6Addr>().ok()) {
            Some(address) => Ok(Self::Address(IpAddr::V6(address).to_canonical())),
            None => Err(piece.fail(Kind::Host, ADDRESS_RULE)),
        }
    }

    fn parse_wildcard(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let Some(base) = piece
            .strip_prefix("*.")
            .filter(|base| !base.text().contains('*'))
        else {
            return Err(piece.fail(Kind::Wildcard, WILDCARD_RULE));
        };
        let name = DomainName::parse(base)?;
        if name.public_suffix().len() >= name.as_str().len() {
            return Err(piece.fail(Kind::TooBroad, SUFFIX_RULE));
        }
        Ok(Self::Under(name))
    }

    /// Whether `name` is one of the hosts.
    pub(crate) fn covers_name(&self, name: &DomainName) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Under(base) => base.reaches(name),
            Self::Address(_) | Self::Slot(_) => false,
        }
    }

    /// The same as [`HostPattern::covers`] for a denial, which does reach across public suffixes.
    pub(crate) fn covers_widely(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Under(base), Self::Name(name) | Self::Under(name)) => {
                self == other || name.is_under(base)
            }
            // Nobody said which host: any.
            (Self::Slot(_), _) => true,
            _ => self == other,
        }
    }

    /// What both stand for.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }

    /// Whether every host that `other` stands for, this one stands for too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(own), Self::Name(name)) => own == name,
            (Self::Under(base), Self::Name(name)) => base.reaches(name),
            (Self::Under(base), Self::Under(name)) => base == name || base.reaches(name),
            _ => self == other,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Under(name) => write!(f, "*.{name}"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Slot(slot) => write!(f, "{{{slot}}}"),
        }
    }
}

const NETWORK_RULE: &str =
    "a network is an address and a prefix length, such as `10.0.0.0/8` or `fd00::/8`";
const HOST_BITS_RULE: &str = "in a network, the bits after the prefix are zero";
const WIDE_RULE: &str = "a network has a prefix of at least 8 bits (IPv4) or 7 bits (IPv6)";

/// Parses what follows `in`: no host bits, no IPv4-mapped network, no network that is most of an address space.
pub(crate) fn parse_network(piece: Piece<'_>) -> Result<IpNet, CapabilityError> {
    let Ok(network) = piece.text().parse::<IpNet>() else {
        return Err(piece.fail(Kind::Network, NETWORK_RULE));
    };
    if matches!(network, IpNet::V6(v6) if v6.network().to_ipv4_mapped().is_some()) {
        return Err(piece.fail(Kind::Network, NETWORK_RULE));
    }
    if network.trunc() != network {
        return Err(piece
            .fail(Kind::Network, HOST_BITS_RULE)
            .suggest_instead(&network.trunc().to_string()));
    }
    // fc00::/7 and 10.0.0.0/8 are the widest networks that are private.
    if network.prefix_len() < if network.network().is_ipv4() { 8 } else { 7 } {
        return Err(piece.fail(Kind::TooBroad, WIDE_RULE));
    }
    Ok(network)
}

const PORT_RULE: &str = "a port is a number from 1 to 65535 without leading zeros";

pub(crate) fn parse_port(piece: Piece<'_>) -> Result<u16, CapabilityError> {
    let text = piece.text();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    match text.parse::<u16>() {
        Ok(port) if plain => Ok(port),
        _ => Err(piece.fail(Kind::Port, PORT_RULE)),
    }
}

/// Splits `host:port`; the colons of an IPv6 address belong to the host, even where its brackets are missing.
pub(crate) fn split_port(authority: Piece<'_>) -> (Piece<'_>, Option<Piece<'_>>) {
    let text = authority.text();
    let host_end = match text.find(']') {
        Some(bracket) if text.starts_with('[') => bracket + 1,
        _ if text.parse::<Ipv6Addr>().is_ok() => text.len(),
        _ => 0,
    };
    match text[host_end..].find(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(host_end + colon, 1);
            (host, Some(port))
        }
        None => (authority, None),
    }
}
