//! The three sets that a request has to be in, and the denials that it must not hit.

use crate::capability::{Capability, HttpRule};
use crate::grant::Grant;
use crate::slot::{SlotError, Slots};

/// A set of capabilities: all there are, or exactly these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CapabilitySet {
    /// No set was given: nothing is held back here.
    All,
    /// These; none of them is nothing at all.
    Only(Vec<Capability>),
}

impl CapabilitySet {
    fn filled(&self, slots: &Slots, unfilled: &mut Vec<SlotError>) -> Self {
        match self {
            Self::All => Self::All,
            Self::Only(rules) => Self::Only(filled(rules, slots, unfilled)),
        }
    }
}

/// What a plugin may do on this host: what its manifest asks for, what its operator granted and denied, and the host's
/// ceiling, with all slots filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    requested: CapabilitySet,
    granted: Vec<Capability>,
    denied: Vec<Capability>,
    ceiling: CapabilitySet,
    unfilled: Vec<SlotError>,
    effective: Vec<Capability>,
    offline: bool,
}

/// A capability that was asked for and is not, or not wholly, had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What was asked for.
    pub capability: Capability,
    /// What is left of it.
    pub left: Vec<Capability>,
}

impl Grants {
    /// Brings the sets together. `requested` is [`CapabilitySet::All`] for a plugin without manifest, `ceiling` for a
    /// host without one.
    ///
    /// A capability whose slot is not filled allows nothing, and as a denial hits everything; [`Grants::unfilled`] says
    /// which.
    pub fn new(requested: &CapabilitySet, grant: &Grant, ceiling: &CapabilitySet) -> Self {
        let mut unfilled = Vec::new();
        let slots = grant.slots();
        let mut grants = Self {
            requested: requested.filled(slots, &mut unfilled),
            granted: filled(grant.allowed(), slots, &mut unfilled),
            denied: filled(grant.denied(), slots, &mut unfilled),
            ceiling: ceiling.filled(slots, &mut unfilled),
            unfilled,
            effective: Vec::new(),
            offline: false,
        };
        grants.effective = grants.intersection();
        grants
    }

    /// Nothing at all.
    pub fn none() -> Self {
        Self::new(&CapabilitySet::All, &Grant::none(), &CapabilitySet::All)
    }

    /// Closes the network, whatever is granted.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The same with more granted: within what the manifest asks for and the host's ceiling, and without what is denied, as ever.
    #[must_use]
    pub fn and(&self, more: &[Capability]) -> Self {
        let mut grants = self.clone();
        grants.granted.extend_from_slice(more);
        grants.effective = grants.intersection();
        grants
    }

    /// Whether the network is closed.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// What the manifest asks for.
    pub fn requested(&self) -> &CapabilitySet {
        &self.requested
    }

    /// What the operator granted.
    pub fn granted(&self) -> &[Capability] {
        &self.granted
    }

    /// What the operator denied.
    pub fn denied(&self) -> &[Capability] {
        &self.denied
    }

    /// The host's ceiling.
    pub fn ceiling(&self) -> &CapabilitySet {
        &self.ceiling
    }

    /// The slots that nobody filled, or filled with what does not fit, each once.
    pub fn unfilled(&self) -> &[SlotError] {
        &self.unfilled
    }

    /// What the manifest asks for, where there is one.
    pub(super) fn requested_rules(&self) -> &[Capability] {
        match &self.requested {
            CapabilitySet::All => &[],
            CapabilitySet::Only(rules) => rules,
        }
    }

    /// Whether the manifest has a rule that `matches`.
    pub(super) fn requests(&self, matches: impl Fn(&Capability) -> bool) -> bool {
        match &self.requested {
            CapabilitySet::All => true,
            CapabilitySet::Only(rules) => rules.iter().any(matches),
        }
    }

    /// What is in all three sets, for people: the pairwise intersections, without those that another one covers.
    /// Denials are not taken out; they are shown beside.
    ///
    /// A request is allowed exactly if one of these matches it and no denial does.
    pub fn effective(&self) -> &[Capability] {
        &self.effective
    }

    fn intersection(&self) -> Vec<Capability> {
        let mut found = Vec::new();
        for granted in &self.granted {
            for operators in each(&self.ceiling, granted) {
                for capability in self.requested_part(&operators) {
                    add(&mut found, capability);
                }
            }
        }
        found.sort();
        found
    }

    /// What was asked for and is not wholly had, each with what is left of it.
    pub fn lost(&self) -> Vec<Lost> {
        let CapabilitySet::Only(requested) = &self.requested else {
            return Vec::new();
        };
        let effective = &self.effective;
        let whole = |capability: &&Capability| effective.iter().any(|had| had.covers(capability));
        let lost = |capability: &Capability| {
            let left = effective
                .iter()
                .filter(|had| capability.covers(&without_network(had)));
            Lost {
                capability: capability.clone(),
                left: left.cloned().collect(),
            }
        };
        requested
            .iter()
            .filter(|capability| !whole(capability))
            .map(lost)
            .collect()
    }

    /// What the manifest asks for of what the operators allow. The network after `in` is the operators' alone.
    fn requested_part(&self, operators: &Capability) -> Vec<Capability> {
        let rules = match &self.requested {
            CapabilitySet::All => return vec![operators.clone()],
            CapabilitySet::Only(rules) => rules,
        };
        let part = |rule: &Capability| {
            let mut part = rule.and(operators)?;
            if let (
                Capability::Http(HttpRule::Origin(part)),
                Capability::Http(HttpRule::Origin(operators)),
            ) = (&mut part, operators)
            {
                part.within = operators
                    .within
                    .filter(|_| *rule != Capability::Http(HttpRule::Public));
            }
            Some(part)
        };
        rules.iter().filter_map(part).collect()
    }
}

/// The parts of `capability` that are in `set`.
fn each(set: &CapabilitySet, capability: &Capability) -> Vec<Capability> {
    match set {
        CapabilitySet::All => vec![capability.clone()],
        CapabilitySet::Only(rules) => rules
            .iter()
            .filter_map(|rule| capability.and(rule))
            .collect(),
    }
}

/// Adds what no other one covers, and takes out what it covers.
fn add(found: &mut Vec<Capability>, capability: Capability) {
    if !found.iter().any(|other| other.covers(&capability)) {
        found.retain(|other| !capability.covers(other));
        found.push(capability);
    }
}

fn without_network(capability: &Capability) -> Capability {
    let mut capability = capability.clone();
    if let Capability::Http(HttpRule::Origin(rule)) = &mut capability {
        rule.within = None;
    }
    capability
}

fn filled(rules: &[Capability], slots: &Slots, unfilled: &mut Vec<SlotError>) -> Vec<Capability> {
    let fill = |rule: &Capability| {
        slots.fill(rule).unwrap_or_else(|error| {
            if !unfilled.contains(&error) {
                unfilled.push(error);
            }
            rule.clone()
        })
    };
    rules.iter().map(fill).collect()
}
