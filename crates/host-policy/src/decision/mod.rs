#![doc = include_str!("decision.md")]

mod denial;
mod grants;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub use denial::{Denial, DenyCode, GuestCode, Remedy};
pub use grants::{CapabilitySet, Grants, Lost};

use crate::address::{self, Surroundings};
use crate::capability::{Capability, HostPattern, HttpRule};
use crate::request::{Host, Request};

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on, by this rule of the operator's grant.
    Allow(Capability),
    /// Don't.
    Deny(Box<Denial>),
}

impl Decision {
    /// The rule of an allowance, or the denial.
    ///
    /// # Errors
    /// The denial.
    pub fn into_result(self) -> Result<Capability, Box<Denial>> {
        match self {
            Self::Allow(rule) => Ok(rule),
            Self::Deny(denial) => Err(denial),
        }
    }
}

/// Decides whether a plugin with these grants may do what it asks, before any name is looked up.
///
/// Allowed if and only if a rule in each of three sets matches – what the manifest asks for, what the operator granted,
/// the host's ceiling – and no denial does. Whatever may be connected to is decided once more, for each address, by
/// [`decide_address`].
pub fn decide(grants: &Grants, request: &Request) -> Decision {
    judge(grants, request, None)
}

/// Decides whether what [`decide`] allowed may be sent to this address.
///
/// A public address may always be dialled. Another one only if the matching rule of the grant is for that very address,
/// or carries a network after `in` that holds it; cloud metadata services are in no network.
pub fn decide_address(
    grants: &Grants,
    request: &Request,
    address: IpAddr,
    around: &Surroundings,
) -> Decision {
    judge(
        grants,
        request,
        Some(Dialled {
            address: address.to_canonical(),
            around,
        }),
    )
}

/// The addresses that may be dialled, each with the rule that allows it, in their order.
pub fn vet(
    grants: &Grants,
    request: &Request,
    addresses: impl IntoIterator<Item = IpAddr>,
    around: &Surroundings,
) -> Vec<(IpAddr, Capability)> {
    let allowed = |address| {
        Some((
            address,
            decide_address(grants, request, address, around)
                .into_result()
                .ok()?,
        ))
    };
    addresses.into_iter().filter_map(allowed).collect()
}

/// An address, and the surroundings by which it is judged.
#[derive(Clone, Copy)]
struct Dialled<'a> {
    address: IpAddr,
    around: &'a Surroundings,
}

fn judge(grants: &Grants, request: &Request, dialled: Option<Dialled<'_>>) -> Decision {
    if grants.is_offline() && request.is_network() {
        return Decision::Deny(Box::new(Denial::offline(request)));
    }
    if let Some(rule) = grants
        .denied()
        .iter()
        .find(|rule| denies(rule, request, dialled))
    {
        return Decision::Deny(Box::new(Denial::by_operator(request, rule)));
    }
    let requested = grants
        .requested()
        .any(|rule| matches(rule, request) && admits_request(rule, dialled));
    let granted = first(grants.granted(), request, dialled);
    let under_ceiling = match grants.ceiling() {
        CapabilitySet::All => true,
        CapabilitySet::Only(rules) => first(rules, request, dialled).is_some(),
    };
    let allowed = match request {
        // A lookup serves some request or connection, so what counts is whether one to this host is left.
        Request::Lookup(_) => first(grants.effective(), request, dialled),
        _ => granted.filter(|_| requested && under_ceiling),
    };
    match allowed {
        Some(rule) => Decision::Allow(rule.clone()),
        None => {
            let lacking = denial::Lacking {
                requested: !requested,
                granted: granted.is_none(),
                ceiling: !under_ceiling,
            };
            let address_alone =
                dialled.is_some() && judge(grants, request, None).into_result().is_ok();
            let denial = match dialled.filter(|_| address_alone) {
                Some(dialled) => Denial::address(request, dialled.address, dialled.around),
                None => Denial::lacking(request, &lacking),
            };
            Decision::Deny(Box::new(denial))
        }
    }
}

/// The first rule that allows the request; `http:*` comes last, since it never carries a secret.
fn first<'a>(
    rules: &'a [Capability],
    request: &Request,
    dialled: Option<Dialled<'_>>,
) -> Option<&'a Capability> {
    let fits = |rule: &&Capability| matches(rule, request) && admits(rule, dialled);
    let is_public = |rule: &&Capability| **rule == Capability::Http(HttpRule::Public);
    rules
        .iter()
        .filter(|rule| !is_public(rule))
        .find(fits)
        .or_else(|| rules.iter().filter(is_public).find(fits))
}

/// Whether the rule is about this request, whatever the address.
fn matches(rule: &Capability, request: &Request) -> bool {
    match (rule, request) {
        (Capability::Http(HttpRule::Public), Request::Lookup(name)) => name.can_be_public(),
        (Capability::Http(HttpRule::Origin(rule)), Request::Lookup(name)) => {
            covers_name(&rule.host, name)
        }
        (Capability::Tcp(rule), Request::Lookup(name)) => covers_name(&rule.host, name),
        _ => request
            .capability()
            .is_some_and(|narrow| rule.covers(&narrow)),
    }
}

fn covers_name(host: &HostPattern, name: &crate::capability::DomainName) -> bool {
    host.covers(&HostPattern::Name(name.clone()))
}

/// Whether an operator's rule lets this address be dialled.
fn admits(rule: &Capability, dialled: Option<Dialled<'_>>) -> bool {
    let Some(Dialled { address, around }) = dialled else {
        return true;
    };
    let (host, within) = match rule {
        Capability::Http(HttpRule::Origin(rule)) => (Some(&rule.host), rule.within),
        Capability::Tcp(rule) => (Some(&rule.host), None),
        _ => (None, None),
    };
    if let Some(HostPattern::Address(literal)) = host {
        return *literal == address;
    }
    let in_network = within.is_some_and(|network| {
        network.contains(&address) && !address::is_metadata(address, around)
    });
    in_network || address::classify(address, around).is_public()
}

/// Whether a manifest's rule lets this address be dialled: an author can't know the operator's network, so any, save
/// where the rule itself says public.
fn admits_request(rule: &Capability, dialled: Option<Dialled<'_>>) -> bool {
    match rule {
        Capability::Http(HttpRule::Public) => admits(rule, dialled),
        _ => true,
    }
}

/// Whether a denial hits the request, or the address that it would be sent to.
fn denies(rule: &Capability, request: &Request, dialled: Option<Dialled<'_>>) -> bool {
    let address = dialled.map(|dialled| dialled.address);
    let (host, within, whole) = match rule {
        Capability::Http(HttpRule::Public) => {
            return matches!(request, Request::Http(_) | Request::Lookup(_));
        }
        Capability::Http(HttpRule::Origin(rule)) => {
            (&rule.host, rule.within, rule.path.is_everything())
        }
        Capability::Tcp(rule) => (&rule.host, None, true),
        _ => {
            return request
                .capability()
                .is_some_and(|narrow| rule.denies(&narrow));
        }
    };
    if within.is_some_and(|network| !address.is_some_and(|address| network.contains(&address))) {
        return false;
    }
    if let Request::Lookup(name) = request {
        return whole && host.covers_widely(&HostPattern::Name(name.clone()));
    }
    // A denied address is denied under any name.
    let by_address = address.and_then(|address| request_at(request, address));
    [request.capability(), by_address]
        .into_iter()
        .flatten()
        .any(|narrow| rule.denies(&narrow))
}

/// The same request with its host replaced by the address behind it.
fn request_at(request: &Request, address: IpAddr) -> Option<Capability> {
    let host = Host::Address(address).pattern();
    match request.capability()? {
        Capability::Http(HttpRule::Origin(rule)) => Some(Capability::Http(HttpRule::Origin(
            crate::capability::OriginRule { host, ..rule },
        ))),
        Capability::Tcp(rule) => Some(Capability::Tcp(crate::capability::TcpRule { host, ..rule })),
        _ => None,
    }
}
