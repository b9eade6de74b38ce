//! Which addresses a plugin may be connected to without an operator naming them.
//!
//! Public means globally reachable by IANA's special-purpose registries (snapshot of [`REGISTRY_DATE`]), minus cloud
//! metadata services, minus the host's own addresses and the networks it is directly on. An address that carries
//! another inside – IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo – is judged by the one inside.
//!
//! | address | class |
//! | --- | --- |
//! | `8.8.8.8` | public |
//! | `2606:4700::1111` | public |
//! | `127.0.0.1` | Loopback |
//! | `10.1.2.3` | Private-Use |
//! | `172.31.255.255` | Private-Use |
//! | `172.32.0.0` | public |
//! | `192.168.1.1` | Private-Use |
//! | `100.64.0.1` | Shared Address Space |
//! | `169.254.1.1` | Link Local |
//! | `169.254.169.254` | cloud metadata |
//! | `168.63.129.16` | cloud metadata |
//! | `100.100.100.200` | cloud metadata |
//! | `192.0.0.192` | cloud metadata |
//! | `fd00:ec2::254` | cloud metadata |
//! | `fd20:ce::254` | cloud metadata |
//! | `0.0.0.0` | This host on this network |
//! | `0.1.2.3` | This network |
//! | `192.0.0.9` | public |
//! | `192.0.0.170` | NAT64/DNS64 Discovery |
//! | `192.0.2.1` | Documentation (TEST-NET-1) |
//! | `192.88.99.1` | Deprecated (6to4 Relay Anycast) |
//! | `198.18.0.1` | Benchmarking |
//! | `224.0.0.1` | multicast |
//! | `239.255.255.250` | multicast |
//! | `240.0.0.1` | Reserved |
//! | `255.255.255.255` | Limited Broadcast |
//! | `::` | Unspecified Address |
//! | `::1` | Loopback Address |
//! | `::ffff:8.8.8.8` | public |
//! | `::ffff:127.0.0.1` | Loopback |
//! | `::127.0.0.1` | Loopback |
//! | `::8.8.8.8` | public |
//! | `64:ff9b::8.8.8.8` | public |
//! | `64:ff9b::169.254.169.254` | cloud metadata |
//! | `64:ff9b:1::8.8.8.8` | IPv4-IPv6 Translat. |
//! | `2002:808:808::1` | public |
//! | `2002:7f00:1::1` | Loopback |
//! | `2001:0:808:808::f7f7:f7f7` | public |
//! | `2001:0:808:808::80ff:fffe` | Loopback |
//! | `2001:0:a00:1::f7f7:f7f7` | Private-Use |
//! | `2001:2::1` | Benchmarking |
//! | `2001:3::1` | public |
//! | `2001:5::1` | IETF Protocol Assignments |
//! | `2001:db8::1` | Documentation |
//! | `3fff::1` | Documentation |
//! | `5f00::1` | Segment Routing (SRv6) SIDs |
//! | `4000::1` | unallocated |
//! | `fc00::1` | Unique-Local |
//! | `fe80::1` | Link-Local Unicast |
//! | `fec0::1` | unallocated |
//! | `ff02::1` | multicast |

mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use table::REGISTRY_DATE;

/// A block of IANA's registries.
#[derive(Debug)]
struct Block {
    network: IpNet,
    text: &'static str,
    name: &'static str,
    reachable: bool,
}

impl Block {
    const fn v4(
        bytes: [u8; 4],
        prefix: u8,
        text: &'static str,
        name: &'static str,
        reachable: bool,
    ) -> Self {
        let [a, b, c, d] = bytes;
        let network = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix));
        Self {
            network,
            text,
            name,
            reachable,
        }
    }

    const fn v6(
        groups: [u16; 8],
        prefix: u8,
        text: &'static str,
        name: &'static str,
        reachable: bool,
    ) -> Self {
        let [a, b, c, d, e, f, g, h] = groups;
        let network = IpNet::V6(Ipv6Net::new_assert(
            Ipv6Addr::new(a, b, c, d, e, f, g, h),
            prefix,
        ));
        Self {
            network,
            text,
            name,
            reachable,
        }
    }
}

/// Addresses at which clouds tell any caller the machine's credentials. Some of them lie in public space.
pub const METADATA: &[IpAddr] = &[
    // Amazon, Google, Microsoft, DigitalOcean and others.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // Amazon's container credentials.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    // Microsoft's platform channel.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Alibaba.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Oracle.
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    // Amazon over IPv6.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // Google over IPv6.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// What the host's own place in the network makes of addresses. The host finds it out; this crate only reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The host's own addresses.
    pub own: Vec<IpAddr>,
    /// The networks that the host is directly on.
    pub on_link: Vec<IpNet>,
    /// NAT64 prefixes that were discovered (RFC 7050), with their lengths: 32, 40, 48, 56, 64 or 96.
    pub nat64: Vec<Ipv6Net>,
}

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressClass {
    /// Globally reachable, and nothing of the host's own.
    Public,
    /// In a block that IANA's registries say is not globally reachable.
    Special {
        /// The block.
        block: &'static str,
        /// What IANA calls it.
        name: &'static str,
    },
    /// A group, not a host.
    Multicast,
    /// Outside what is allocated for unicast.
    Unallocated,
    /// A cloud's metadata service.
    Metadata,
    /// One of the host's own addresses.
    Own,
    /// In a network that the host is directly on.
    OnLink,
}

impl AddressClass {
    /// Whether a plugin may be connected to it without an operator naming it.
    pub fn is_public(self) -> bool {
        self == Self::Public
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Special { name, .. } => name,
            Self::Multicast => "multicast",
            Self::Unallocated => "unallocated",
            Self::Metadata => "cloud metadata",
            Self::Own => "the host's own address",
            Self::OnLink => "in a network of the host",
        })
    }
}

/// Whether the address, or one inside it, is a cloud's metadata service.
pub fn is_metadata(address: IpAddr, around: &Surroundings) -> bool {
    let address = address.to_canonical();
    METADATA.contains(&address)
        || inside(address, around)
            .iter()
            .any(|inner| METADATA.contains(&IpAddr::V4(*inner)))
}

/// What kind of address it is, by the registries and the host's surroundings.
pub fn classify(address: IpAddr, around: &Surroundings) -> AddressClass {
    let address = address.to_canonical();
    if METADATA.contains(&address) {
        return AddressClass::Metadata;
    }
    if around.own.iter().any(|own| own.to_canonical() == address) {
        return AddressClass::Own;
    }
    if around
        .on_link
        .iter()
        .any(|network| network.contains(&address))
    {
        return AddressClass::OnLink;
    }
    if address.is_multicast() {
        return AddressClass::Multicast;
    }
    let inner = inside(address, around);
    if !inner.is_empty() {
        let classes = inner
            .into_iter()
            .map(|inner| classify(IpAddr::V4(inner), around));
        return classes
            .into_iter()
            .find(|class| !class.is_public())
            .unwrap_or(AddressClass::Public);
    }
    by_registry(address)
}

fn by_registry(address: IpAddr) -> AddressClass {
    let blocks = table::SPECIAL
        .iter()
        .filter(|block| block.network.contains(&address));
    match blocks.max_by_key(|block| block.network.prefix_len()) {
        Some(block) if block.reachable => AddressClass::Public,
        Some(block) => AddressClass::Special {
            block: block.text,
            name: block.name,
        },
        // IANA has allocated global unicast addresses from 2000::/3 only.
        None if matches!(address, IpAddr::V6(v6) if v6.segments()[0] >> 13 != 1) => {
            AddressClass::Unallocated
        }
        None => AddressClass::Public,
    }
}

/// The IPv4 addresses that a packet to `address` may end at.
fn inside(address: IpAddr, around: &Surroundings) -> Vec<Ipv4Addr> {
    let IpAddr::V6(v6) = address else {
        return Vec::new();
    };
    if let Some(prefix) = around.nat64.iter().find(|prefix| prefix.contains(&v6)) {
        return vec![translated(v6, prefix.prefix_len())];
    }
    match v6.segments() {
        // IPv4-compatible, RFC 4291; `::` and `::1` are no such addresses.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => vec![joined(high, low)],
        // NAT64, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => vec![joined(high, low)],
        // 6to4, RFC 3056.
        [0x2002, high, low, ..] => vec![joined(high, low)],
        // Teredo, RFC 4380: the server, and the client with its bits turned.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            vec![joined(high, low), joined(!client_high, !client_low)]
        }
        _ => Vec::new(),
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

/// The IPv4 address inside a translated one (RFC 6052, section 2.2): it follows the prefix and skips bits 64 to 71.
fn translated(v6: Ipv6Addr, prefix: u8) -> Ipv4Addr {
    let octets = v6.octets();
    let after: Vec<u8> = (usize::from(prefix) / 8..16)
        .filter(|&at| at != 8 || prefix == 96)
        .map(|at| octets[at])
        .collect();
    match after[..] {
        [a, b, c, d, ..] => Ipv4Addr::new(a, b, c, d),
        // No prefix that is longer than 96 can be one.
        _ => Ipv4Addr::UNSPECIFIED,
    }
}
