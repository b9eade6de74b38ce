//! Why not, and what would help.

use std::fmt;
use std::net::IpAddr;

use crate::address::{self, Surroundings};
use crate::capability::{Capability, HttpRule, OriginRule, SlotName};
use crate::request::{Request, RequestError};
use crate::text::string_serde;

/// Why a request was denied. Stable: audit records and tests carry these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DenyCode {
    /// `invalid-request`: it has no single reading.
    InvalidRequest,
    /// `offline`: the host's network is closed.
    Offline,
    /// `denied-by-operator`: a denial hits it.
    DeniedByOperator,
    /// `not-requested`: the manifest does not ask for it.
    NotRequested,
    /// `not-granted`: the operator did not grant it.
    NotGranted,
    /// `over-ceiling`: the host's ceiling does not reach to it.
    OverCeiling,
    /// `address-refused`: the name is allowed and the address behind it is not.
    AddressRefused,
    /// `forbidden-header`: it carries a header that only the gate writes, or that nobody may send.
    ForbiddenHeader,
    /// `forbidden`: no rule could allow it, such as a link among files, or a socket that listens.
    Forbidden,
    /// `secret-leak`: it carries the value of a secret to where that is not bound.
    SecretLeak,
    /// `encoded-response`: the response is encoded, so that secrets in it could not be found.
    EncodedResponse,
    /// `denied-by-host`: the embedding program's own policy said no.
    DeniedByHost,
    /// `over-limit`: a limit is used up.
    OverLimit,
}

/// What a guest is told. It does not say which set lacks what, nor whether a name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuestCode {
    /// `denied`
    Denied,
    /// `invalid`
    Invalid,
    /// `unavailable`: also what a name that does not exist gives.
    Unavailable,
    /// `quota-exceeded`
    QuotaExceeded,
}

impl GuestCode {
    /// As the contract publishes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
            Self::QuotaExceeded => "quota-exceeded",
        }
    }
}

impl DenyCode {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::InvalidRequest,
        Self::Offline,
        Self::DeniedByOperator,
        Self::NotRequested,
        Self::NotGranted,
        Self::OverCeiling,
        Self::AddressRefused,
        Self::ForbiddenHeader,
        Self::Forbidden,
        Self::SecretLeak,
        Self::EncodedResponse,
        Self::DeniedByHost,
        Self::OverLimit,
    ];

    /// As it stands in audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::Offline => "offline",
            Self::DeniedByOperator => "denied-by-operator",
            Self::NotRequested => "not-requested",
            Self::NotGranted => "not-granted",
            Self::OverCeiling => "over-ceiling",
            Self::AddressRefused => "address-refused",
            Self::ForbiddenHeader => "forbidden-header",
            Self::Forbidden => "forbidden",
            Self::SecretLeak => "secret-leak",
            Self::EncodedResponse => "encoded-response",
            Self::DeniedByHost => "denied-by-host",
            Self::OverLimit => "over-limit",
        }
    }

    /// What the guest is told.
    pub fn guest(self) -> GuestCode {
        match self {
            Self::InvalidRequest | Self::ForbiddenHeader => GuestCode::Invalid,
            Self::AddressRefused | Self::EncodedResponse => GuestCode::Unavailable,
            Self::OverLimit => GuestCode::QuotaExceeded,
            _ => GuestCode::Denied,
        }
    }
}

impl fmt::Display for DenyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no deny code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no deny code")]
pub struct DenyCodeError(String);

impl std::str::FromStr for DenyCode {
    type Err = DenyCodeError;

    fn from_str(text: &str) -> Result<Self, DenyCodeError> {
        let known = Self::ALL.into_iter().find(|code| code.as_str() == text);
        known.ok_or_else(|| DenyCodeError(text.to_owned()))
    }
}

string_serde!(DenyCode);

/// What an operator, or an author, could do about it. All of a denial's remedies are needed together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Grant this.
    Allow(Capability),
    /// Ask for this in the manifest.
    Request(Capability),
    /// Fill a slot that a rule for it has.
    Bind {
        /// The slot.
        slot: SlotName,
        /// With what.
        value: String,
    },
    /// Let the host's ceiling hold this.
    RaiseCeiling(Capability),
    /// Take this denial back.
    LiftDenial(Capability),
    /// Open the host's network.
    GoOnline,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(capability) => write!(f, "--allow {}", quoted(capability)),
            Self::Bind { slot, value } => {
                write!(f, "--bind {}", quoted(format_args!("{slot}={value}")))
            }
            Self::Request(capability) => {
                write!(
                    f,
                    "in plugin.toml, add to `[capabilities] request`: \"{capability}\""
                )
            }
            Self::RaiseCeiling(capability) => write!(
                f,
                "in the host's settings, add to the ceiling: \"{capability}\""
            ),
            Self::LiftDenial(capability) => write!(f, "take back --deny {}", quoted(capability)),
            Self::GoOnline => f.write_str("open the host's network: leave out --offline"),
        }
    }
}

/// One word of a shell.
fn quoted(text: impl fmt::Display) -> String {
    format!("'{}'", text.to_string().replace('\'', r"'\''"))
}

/// A refusal: the code is for everybody, reason and remedies are for the operator and the audit trail only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Denial {
    /// Why, for programs.
    pub code: DenyCode,
    /// Why, for people.
    pub reason: String,
    /// What would help, all of it together; empty where nothing should.
    pub remedies: Vec<Remedy>,
}

/// Which of the three sets lack a rule.
pub(super) struct Lacking {
    pub(super) requested: bool,
    pub(super) granted: bool,
    pub(super) ceiling: bool,
    /// The slot that, filled, would give the manifest a rule, and the one that would give the grant one.
    pub(super) requested_slot: Option<Remedy>,
    pub(super) granted_slot: Option<Remedy>,
}

impl From<RequestError> for Denial {
    fn from(error: RequestError) -> Self {
        Self::new(DenyCode::InvalidRequest, error.to_string())
    }
}

impl Denial {
    /// A denial against which nothing helps that an operator could say.
    pub fn new(code: DenyCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            remedies: Vec::new(),
        }
    }

    /// A limit, by its name, is used up.
    pub fn used_up(limit: &str) -> Self {
        let reason = format!("the limit `{limit}` is used up");
        Self::new(DenyCode::OverLimit, reason)
    }

    pub(super) fn offline(request: &Request) -> Self {
        let reason = format!("{request} needs the network, which this host has closed");
        Self {
            code: DenyCode::Offline,
            reason,
            remedies: vec![Remedy::GoOnline],
        }
    }

    pub(super) fn by_operator(request: &Request, rule: &Capability) -> Self {
        let reason = format!("the operator denied {request}, by the rule `{rule}`");
        Self {
            code: DenyCode::DeniedByOperator,
            reason,
            remedies: vec![Remedy::LiftDenial(rule.clone())],
        }
    }

    /// `rule` is what would allow the request, where that can be said.
    pub(super) fn lacking(request: &Request, rule: Option<&Capability>, lacking: &Lacking) -> Self {
        let (code, reason) = match lacking {
            Lacking {
                requested: true, ..
            } => (
                DenyCode::NotRequested,
                "the plugin's manifest asks for no rule that",
            ),
            Lacking {
                granted: false,
                ceiling: true,
                ..
            } => (DenyCode::OverCeiling, "the host's ceiling has no rule that"),
            // Also a lookup for which each set has a rule, and no rule is in all of them.
            _ => (DenyCode::NotGranted, "the operator granted no rule that"),
        };
        let reason = format!("{reason} allows {request}");
        Self {
            code,
            reason,
            remedies: lacking.remedies(rule, rule),
        }
    }

    pub(super) fn address(
        request: &Request,
        address: IpAddr,
        around: &Surroundings,
        lacking: &Lacking,
    ) -> Self {
        let class = address::classify(address, around);
        let reason = format!("{request} leads to {address}, which is not public ({class})");
        // No rule with a name in it should ever lead to a metadata service, so none is suggested.
        let remedies = match request.capability() {
            Some(Capability::Http(HttpRule::Origin(rule)))
                if !address::is_metadata(address, around) =>
            {
                let narrow = Capability::Http(HttpRule::Origin(rule.clone()));
                let within = Some(address.into());
                let there = Capability::Http(HttpRule::Origin(OriginRule { within, ..rule }));
                lacking.remedies(Some(&narrow), Some(&there))
            }
            _ => Vec::new(),
        };
        Self {
            code: DenyCode::AddressRefused,
            reason,
            remedies,
        }
    }
}

impl Lacking {
    /// `author` is what the manifest should ask for, `operator` what operators should write.
    fn remedies(&self, author: Option<&Capability>, operator: Option<&Capability>) -> Vec<Remedy> {
        let mut remedies = Vec::new();
        if self.requested {
            let request = || author.cloned().map(Remedy::Request);
            remedies.extend(self.requested_slot.clone().or_else(request));
        }
        if self.granted {
            let allow = || operator.cloned().map(Remedy::Allow);
            remedies.extend(self.granted_slot.clone().or_else(allow));
        }
        if self.ceiling {
            remedies.extend(operator.cloned().map(Remedy::RaiseCeiling));
        }
        remedies.dedup();
        remedies
    }
}
