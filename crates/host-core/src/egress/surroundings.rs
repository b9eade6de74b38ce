//! Where the host stands in its network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use if_addrs::IfAddr;
use portcullis_host_policy::address::Surroundings;
use tokio::time::timeout;

use super::resolve::Resolve;

/// How long what was found out holds: a machine that moves to another network is seen to within this time.
const FRESH: Duration = Duration::from_secs(30);

/// How long the question for NAT64 may take: a network that has it answers at once.
const NAT64_TIME: Duration = Duration::from_secs(2);

/// The name whose IPv6 addresses tell the prefix of a network's NAT64 (RFC 7050).
const NAT64_NAME: &str = "ipv4only.arpa";

/// The IPv4 addresses of that name.
const NAT64_ADDRESSES: [Ipv4Addr; 2] =
    [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];

/// The surroundings that an embedder gave, or those that are found out and kept for a while.
pub(super) enum Around {
    Given(Arc<Surroundings>),
    Found(Mutex<Option<(Instant, Arc<Surroundings>)>>),
}

impl Around {
    pub(super) fn new(given: Option<Surroundings>) -> Self {
        match given {
            Some(given) => Self::Given(Arc::new(given)),
            None => Self::Found(Mutex::default()),
        }
    }

    pub(super) async fn get(&self, resolver: &dyn Resolve) -> Arc<Surroundings> {
        let found = match self {
            Self::Given(given) => return Arc::clone(given),
            Self::Found(found) => found,
        };
        let kept = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, around)) = kept
            && at.elapsed() < FRESH
        {
            return around;
        }
        let around = Arc::new(find(resolver).await);
        *found.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), Arc::clone(&around)));
        around
    }
}

async fn find(resolver: &dyn Resolve) -> Surroundings {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the host's own addresses can't be listed: only the registries say what is public");
        Vec::new()
    });
    let mut around = Surroundings::default();
    for interface in interfaces {
        around.own.push(interface.ip());
        let prefix = match &interface.addr {
            IfAddr::V4(address) => address.prefixlen,
            IfAddr::V6(address) => address.prefixlen,
        };
        // A prefix of nothing is what tunnels have, and would make the whole internet on-link.
        if let (1.., Ok(network)) = (prefix, ipnet::IpNet::new(interface.ip(), prefix)) {
            around.on_link.push(network.trunc());
        }
    }
    // Who has no way out by IPv6 has no NAT64 either.
    let leads_out = |address: &IpAddr| match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    };
    if !around.own.iter().any(leads_out) {
        return around;
    }
    let answers = timeout(NAT64_TIME, resolver.resolve(NAT64_NAME)).await;
    for answer in answers.unwrap_or(Ok(Vec::new())).unwrap_or_default() {
        if let IpAddr::V6(answer) = answer {
            around.nat64.extend(nat64_prefix(answer));
        }
    }
    around
}

/// The prefix before the well-known address inside, at any of the places of RFC 6052.
fn nat64_prefix(answer: Ipv6Addr) -> Option<ipnet::Ipv6Net> {
    [96, 64, 56, 48, 40, 32].into_iter().find_map(|length: u8| {
        // The eight bits after the first 64 are left out.
        let bytes = answer.octets();
        let start = usize::from(length / 8);
        let inside: Vec<u8> = (start..16)
            .filter(|&at| at != 8 || length == 96)
            .take(4)
            .map(|at| bytes[at])
            .collect();
        let inside = Ipv4Addr::from(<[u8; 4]>::try_from(inside).ok()?);
        let network = ipnet::Ipv6Net::new(answer, length).ok()?;
        NAT64_ADDRESSES.contains(&inside).then(|| network.trunc())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nat64_prefix_is_found_at_each_length() {
        let cases = [
            ("64:ff9b::c000:aa", "64:ff9b::/96"),
            ("2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::/64"),
            ("2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56"),
            ("2001:db8:122:c000:0:aa00::", "2001:db8:122::/48"),
            ("2001:db8:1c0:0:aa::", "2001:db8:100::/40"),
            ("2001:db8:c000:aa::", "2001:db8::/32"),
        ];
        for (answer, prefix) in cases {
            let found = nat64_prefix(answer.parse().unwrap());
            assert_eq!(found, Some(prefix.parse().unwrap()), "{answer}");
        }
        assert_eq!(nat64_prefix("2001:db8::1".parse().unwrap()), None);
    }
}
