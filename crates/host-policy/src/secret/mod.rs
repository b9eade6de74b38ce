#![doc = include_str!("secret.md")]

mod destination;
mod placement;
#[cfg(test)]
mod tests;

use std::fmt;

pub use destination::{Destination, DestinationError};
pub use placement::{HeaderName, Placement, PlacementError, QueryName};

use serde::{Deserialize, Serialize};

use crate::Identity;
use crate::capability::Name;
use crate::request::HttpRequest;

/// What a secret is called; a capability `secret:NAME` names it.
pub type SecretName = Name;

/// An operator's word that one plugin's requests to one place carry a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The secret.
    pub secret: SecretName,
    /// The plugin.
    pub identity: Identity,
    /// The requests.
    pub to: Destination,
    /// Where in them it is put.
    #[serde(rename = "as")]
    pub placement: Placement,
}

/// How one plugin's requests carry a secret, said where it is clear which plugin is meant: a [`Binding`] without the identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// The secret.
    pub secret: SecretName,
    /// The requests.
    pub to: Destination,
    /// Where in them it is put.
    #[serde(rename = "as")]
    pub placement: Placement,
}

impl Use {
    /// The same for the plugin of this identity.
    pub fn bind(self, identity: Identity) -> Binding {
        Binding {
            secret: self.secret,
            identity,
            to: self.to,
            placement: self.placement,
        }
    }

    /// Whether some request would get two different things in one place, from this and `other`.
    pub fn conflicts(&self, other: &Self) -> bool {
        let same_thing = self.secret == other.secret && self.placement == other.placement;
        let same_place = match (&self.placement, &other.placement) {
            (Placement::Query(own), Placement::Query(other)) => own == other,
            (own, other) => own.header().is_some() && own.header() == other.header(),
        };
        same_place && !same_thing && self.to.overlaps(&other.to)
    }
}

impl Binding {
    /// Whether `request`, made by the plugin of this binding, carries the secret.
    pub fn covers(&self, request: &HttpRequest) -> bool {
        self.to.covers(request)
    }

    /// Whether some request would get two different things in one place, from this binding and `other`.
    pub fn conflicts(&self, other: &Self) -> bool {
        self.identity == other.identity && self.said().conflicts(&other.said())
    }

    fn said(&self) -> Use {
        Use {
            secret: self.secret.clone(),
            to: self.to.clone(),
            placement: self.placement.clone(),
        }
    }
}

/// Without the secret's value, which no binding knows.
impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            secret,
            identity,
            to,
            placement,
        } = self;
        write!(f, "{secret} for {identity} to {to} as {placement}")
    }
}
