//! Capabilities as sets: what one covers, what two have in common, what a denial hits.

use super::agent::{glob_and, glob_covers};
use super::{Capability, Glob, HttpRule, Methods};
use crate::limits::defaults::STATE_BYTES;

impl Capability {
    /// Whether everything that `other` allows, this capability allows too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Http(own), Self::Http(other)) => own.covers(other),
            (Self::Tcp(own), Self::Tcp(other)) => own.covers(other),
            (Self::Fs(own), Self::Fs(other)) => own.covers(other),
            (Self::State(own), Self::State(other)) => {
                own.unwrap_or(STATE_BYTES) >= other.unwrap_or(STATE_BYTES)
            }
            (Self::Llm(own), Self::Llm(other)) => glob_covers(own, other),
            (Self::Retrieval(own), Self::Retrieval(other)) => own.is_none() || own == other,
            (Self::Invoke(own), Self::Invoke(other)) => own.covers(other),
            (Self::Action(own), Self::Action(other)) => own.covers(other),
            _ => self == other,
        }
    }

    /// What both allow, or none where that is nothing. A folder stays where `self` mounts it.
    pub fn and(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Http(own), Self::Http(other)) => own.and(other).map(Self::Http),
            (Self::Tcp(own), Self::Tcp(other)) => own.and(other).map(Self::Tcp),
            (Self::Fs(own), Self::Fs(other)) => own.and(other).map(Self::Fs),
            (Self::Llm(own), Self::Llm(other)) => glob_and(own, other).map(Self::Llm),
            (Self::Invoke(own), Self::Invoke(other)) => own.and(other).map(Self::Invoke),
            (Self::Action(own), Self::Action(other)) => own.and(other).map(Self::Action),
            // Of the others, two that have anything in common lie one in the other.
            _ if self.covers(other) => Some(other.clone()),
            _ => other.covers(self).then(|| self.clone()),
        }
    }

    /// Whether a denial of this capability hits `request`, which is as narrow as what a plugin does.
    ///
    /// A denial is read as widely as its words allow, since who denies wants less: without methods it means all of them,
    /// `http:*` is every request, a folder is denied with all around and in it and for reading as for writing, an unfilled slot is any host and folder, a
    /// quota of whatever size is the state as such, and `hook:POINT` and `secret:NAME` deny their siblings too. A
    /// network after `in` is not looked at here.
    pub(crate) fn denies(&self, request: &Self) -> bool {
        let overlap = |own: &Option<Glob>, other: &Option<Glob>| glob_and(own, other).is_some();
        match (self, request) {
            (Self::Http(HttpRule::Public), Self::Http(_)) => true,
            (Self::Http(HttpRule::Origin(own)), Self::Http(HttpRule::Origin(other))) => {
                let any = own.methods == Methods::default();
                (any || !own.methods.and(other.methods).is_empty())
                    && own.scheme == other.scheme
                    && own.port == other.port
                    && own.host.covers_widely(&other.host)
                    && own.path.covers(&other.path)
            }
            (Self::Tcp(own), Self::Tcp(other)) => {
                own.port == other.port && own.host.covers_widely(&other.host)
            }
            (Self::Fs(own), Self::Fs(other)) => own.folder.touches(&other.folder),
            (Self::State(_), Self::State(_)) => true,
            (Self::Llm(own), Self::Llm(other)) => overlap(own, other),
            (Self::Retrieval(own), Self::Retrieval(other)) => {
                own.is_none() || other.is_none() || own == other
            }
            (Self::Invoke(own), Self::Invoke(other)) => own.and(other).is_some(),
            (Self::Action(own), Self::Action(other)) => own.and(other).is_some(),
            (Self::Secret(own), Self::SecretReveal(other)) => own == other,
            (
                Self::Hook(own),
                Self::HookContent(other) | Self::HookModify(other) | Self::HookGate(other),
            ) => own == other,
            _ => self == request,
        }
    }
}
