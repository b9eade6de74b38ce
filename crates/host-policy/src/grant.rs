//! What an operator allows one plugin.

use crate::capability::{Capability, SlotName};
use crate::slot::Slots;

/// What an operator allows, and what is denied whatever else allows it. Empty is nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    allowed: Vec<Capability>,
    denied: Vec<Capability>,
    askable: Vec<Capability>,
    slots: Slots,
}

impl Grant {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// These capabilities, with nothing denied.
    pub fn from_caps(capabilities: impl IntoIterator<Item = Capability>) -> Self {
        Self {
            allowed: capabilities.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Allows one capability more.
    #[must_use]
    pub fn allow(mut self, capability: Capability) -> Self {
        self.allowed.push(capability);
        self
    }

    /// Denies a capability, whatever else allows it.
    #[must_use]
    pub fn deny(mut self, capability: Capability) -> Self {
        self.denied.push(capability);
        self
    }

    /// Lets the person be asked for a capability, by a host that can ask: it is not granted until they say so.
    #[must_use]
    pub fn ask(mut self, capability: Capability) -> Self {
        self.askable.push(capability);
        self
    }

    /// Fills a slot: the operator's host or folder that an author can't know.
    #[must_use]
    pub fn bind(mut self, slot: SlotName, value: impl Into<String>) -> Self {
        self.slots.bind(slot, value);
        self
    }

    /// What the slots are filled with.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// What is allowed, in the order in which it was said.
    pub fn allowed(&self) -> &[Capability] {
        &self.allowed
    }

    /// What is denied, in the order in which it was said.
    pub fn denied(&self) -> &[Capability] {
        &self.denied
    }

    /// What the person may be asked for, in the order in which it was said.
    pub fn askable(&self) -> &[Capability] {
        &self.askable
    }

    /// Whether the person may be asked for everything that `wanted` means: one capability that was said to be askable covers it, and
    /// no denial hits it.
    pub fn may_ask(&self, wanted: &Capability) -> bool {
        let denied = self.denied.iter().any(|own| own.denies(wanted));
        let filled = |own: &Capability| self.slots.fill(own).ok();
        let mut askable = self.askable.iter().filter_map(filled);
        !denied && askable.any(|own| own.covers(wanted))
    }

    /// Whether everything that `wanted` means is allowed by one capability of this grant, and no denial hits it.
    pub fn covers(&self, wanted: &Capability) -> bool {
        let denied = self.denied.iter().any(|own| own.denies(wanted));
        !denied && self.allowed.iter().any(|own| own.covers(wanted))
    }

    /// What of `wanted` is not granted, in its order.
    pub fn missing<'a>(&self, wanted: &'a [Capability]) -> Vec<&'a Capability> {
        wanted
            .iter()
            .filter(|capability| !self.covers(capability))
            .collect()
    }
}

impl FromIterator<Capability> for Grant {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self::from_caps(capabilities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_for_is_not_granted_and_no_denial_is_asked_away() {
        let capability = |text: &str| text.parse::<Capability>().unwrap();
        let grant = Grant::none()
            .ask(capability("http:https://*.example.com"))
            .deny(capability("http:https://admin.example.com"));
        let (api, admin) = (
            capability("http:https://api.example.com/v1"),
            capability("http:https://admin.example.com/v1"),
        );
        assert!(!grant.covers(&api) && grant.may_ask(&api));
        assert!(!grant.may_ask(&admin));
        assert!(!grant.may_ask(&capability("state")));
        assert!(!Grant::none().may_ask(&api));
    }

    #[test]
    fn a_slot_that_nobody_filled_lets_nothing_be_asked_for() {
        let capability = |text: &str| text.parse::<Capability>().unwrap();
        let grant = Grant::none().ask(capability("http:https://{host}"));
        let wanted = capability("http:https://api.example.com");
        assert!(!grant.may_ask(&wanted));
        let slot = "host".parse().unwrap();
        assert!(grant.bind(slot, "api.example.com").may_ask(&wanted));
    }
}
