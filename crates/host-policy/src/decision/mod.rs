#![doc = include_str!("decision.md")]

mod denial;
mod grants;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use denial::Lacking;
use ipnet::IpNet;

pub use denial::{Denial, DenyCode, GuestCode, Remedy};
pub use grants::{CapabilitySet, Grants, Lost};

use crate::address::{self, Surroundings};
use crate::capability::{Capability, Folder, HostPattern, HttpRule, OriginRule, TcpRule};
use crate::request::Request;
use crate::slot::Slots;

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
    Asked::new(request, None).judge(grants)
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
    Asked::new(
        request,
        Some(Dialled {
            address: address.to_canonical(),
            around,
        }),
    )
    .judge(grants)
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

fn is_public(rule: &Capability) -> bool {
    matches!(rule, Capability::Http(HttpRule::Public))
}

/// An address, and the surroundings by which it is judged.
#[derive(Clone, Copy)]
struct Dialled<'a> {
    address: IpAddr,
    around: &'a Surroundings,
}

/// What is asked for, brought into the forms that rules are compared with.
struct Asked<'a> {
    request: &'a Request,
    /// As the narrowest capability; none for lookups.
    narrow: Option<Capability>,
    /// The same with the address in place of the host.
    by_address: Option<Capability>,
    dialled: Option<Dialled<'a>>,
}

impl<'a> Asked<'a> {
    fn new(request: &'a Request, dialled: Option<Dialled<'a>>) -> Self {
        let narrow = request.capability();
        let host = dialled.map(|dialled| HostPattern::Address(dialled.address));
        let by_address = match (&narrow, host) {
            (Some(Capability::Http(HttpRule::Origin(rule))), Some(host)) => {
                Some(Capability::Http(HttpRule::Origin(OriginRule {
                    host,
                    ..rule.clone()
                })))
            }
            (Some(Capability::Tcp(rule)), Some(host)) => Some(Capability::Tcp(TcpRule {
                host,
                port: rule.port,
            })),
            _ => None,
        };
        Self {
            request,
            narrow,
            by_address,
            dialled,
        }
    }

    fn judge(&self, grants: &Grants) -> Decision {
        let request = self.request;
        if grants.is_offline() && request.is_network() {
            return Decision::Deny(Box::new(Denial::offline(request)));
        }
        if let Some(rule) = grants.denied().iter().find(|rule| self.is_denied_by(rule)) {
            return Decision::Deny(Box::new(Denial::by_operator(request, rule)));
        }
        let requested = grants.requests(|rule| self.matches(rule) && self.is_requested_there(rule));
        let granted = self.first(grants.granted());
        let under_ceiling = match grants.ceiling() {
            CapabilitySet::All => true,
            CapabilitySet::Only(rules) => self.first(rules).is_some(),
        };
        let allowed = match request {
            // A lookup serves some request or connection, so what counts is whether one to this host is left.
            Request::Lookup(_) => self.first(grants.effective()),
            _ => granted.filter(|_| requested && under_ceiling),
        };
        if let Some(rule) = allowed {
            return Decision::Allow(rule.clone());
        }
        let lacking = Lacking {
            requested: !requested,
            granted: granted.is_none(),
            ceiling: !under_ceiling,
            requested_slot: grants
                .requested_rules()
                .iter()
                .find_map(|r| self.filling(r)),
            granted_slot: grants.granted().iter().find_map(|rule| self.filling(rule)),
        };
        let address_alone = self
            .dialled
            .filter(|_| decide(grants, request).into_result().is_ok());
        Decision::Deny(Box::new(match address_alone {
            Some(Dialled { address, around }) => {
                Denial::address(request, address, around, &lacking)
            }
            None => Denial::lacking(request, self.remedy(grants), &lacking),
        }))
    }

    /// The rule that an operator should add. A lookup has none of its own: it takes the manifest's.
    fn remedy<'r>(&'r self, grants: &'r Grants) -> Option<&'r Capability> {
        let asked = || {
            grants
                .requested_rules()
                .iter()
                .find(|rule| self.matches(rule))
        };
        self.narrow.as_ref().or_else(asked)
    }

    /// What this rule's slot would have to be filled with to be about this.
    fn filling(&self, rule: &Capability) -> Option<Remedy> {
        let (slot, value) = match (rule, self.request) {
            (Capability::Fs(rule), Request::Use(Capability::Fs(asked))) => {
                let Folder::Slot(slot) = &rule.folder else {
                    return None;
                };
                (slot, asked.folder.to_string())
            }
            (Capability::Http(HttpRule::Origin(OriginRule { host, .. })), request)
            | (Capability::Tcp(TcpRule { host, .. }), request) => {
                let HostPattern::Slot(slot) = host else {
                    return None;
                };
                (slot, request.host()?)
            }
            _ => return None,
        };
        let mut slots = Slots::default();
        slots.bind(slot.clone(), value.clone());
        let filled = slots.fill(rule).ok()?;
        let slot = slot.clone();
        self.matches(&filled)
            .then_some(Remedy::Bind { slot, value })
    }

    /// The first rule that allows it; `http:*` comes last, since it never carries a secret.
    fn first<'r>(&self, rules: &'r [Capability]) -> Option<&'r Capability> {
        let mut public = None;
        for rule in rules {
            if !self.matches(rule) || !self.admits(rule) {
                continue;
            }
            if !is_public(rule) {
                return Some(rule);
            }
            public = public.or(Some(rule));
        }
        public
    }

    /// Whether the rule is about this, whatever the address.
    fn matches(&self, rule: &Capability) -> bool {
        match (rule, self.request) {
            (Capability::Http(HttpRule::Public), Request::Lookup(name)) => name.can_be_public(),
            (Capability::Http(HttpRule::Origin(rule)), Request::Lookup(name)) => {
                rule.host.covers_name(name)
            }
            (Capability::Tcp(rule), Request::Lookup(name)) => rule.host.covers_name(name),
            _ => self
                .narrow
                .as_ref()
                .is_some_and(|narrow| rule.covers(narrow)),
        }
    }

    /// Whether an operator's rule lets the address be dialled.
    fn admits(&self, rule: &Capability) -> bool {
        let Some(Dialled { address, around }) = self.dialled else {
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
        let inside = within.is_some_and(|network| network.contains(&address));
        (inside && !address::is_metadata(address, around))
            || address::classify(address, around).is_public()
    }

    /// Whether a manifest's rule lets the address be dialled: an author can't know the operator's networks, so any,
    /// save where the rule itself says public.
    fn is_requested_there(&self, rule: &Capability) -> bool {
        !is_public(rule) || self.admits(rule)
    }

    fn is_denied_by(&self, rule: &Capability) -> bool {
        let (host, within, whole) = match rule {
            Capability::Http(HttpRule::Public) => {
                return matches!(self.request, Request::Http(_) | Request::Lookup(_));
            }
            Capability::Http(HttpRule::Origin(rule)) => {
                (&rule.host, rule.within, rule.path.is_everything())
            }
            Capability::Tcp(rule) => (&rule.host, None, true),
            _ => {
                return self
                    .narrow
                    .as_ref()
                    .is_some_and(|narrow| rule.denies(narrow));
            }
        };
        // A denied network says nothing until the address is known.
        let inside = |network: IpNet| {
            self.dialled
                .is_some_and(|dialled| network.contains(&dialled.address))
        };
        if !within.is_none_or(inside) {
            return false;
        }
        match self.request {
            Request::Lookup(name) => whole && host.covers_widely(&HostPattern::Name(name.clone())),
            // A denied address is denied under any name.
            _ => [&self.narrow, &self.by_address]
                .into_iter()
                .flatten()
                .any(|narrow| rule.denies(narrow)),
        }
    }
}
