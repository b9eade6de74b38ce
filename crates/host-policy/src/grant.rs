//! What an operator allows one plugin.

use crate::capability::{Capability, SlotName};
use crate::slot::Slots;

/// What an operator allows, and what is denied whatever else allows it. Empty is nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    allowed: Vec<Capability>,
    denied: Vec<Capability>,
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
