//! The requests that a secret is bound to.

use std::fmt;
use std::str::FromStr;

use crate::capability::{
    CapabilityError, CapabilityErrorKind as Kind, HostPattern, HttpRule, OriginRule, Piece, Scheme,
};
use crate::report;
use crate::request::HttpRequest;
use crate::text::string_serde;

const FORM: &str = "a secret is bound to methods (GET,HEAD where none is named) and an address such as \
    `https://api.example.com/v1/*`";
const CLEAR: &str = "a secret goes over https, or in the clear to an address of this machine such as `http://127.0.0.1:8080`";
const SLOT: &str = "a binding is the operator's, and names the host itself";
const NETWORK: &str = "a network stands in the grant: TLS verifies the name wherever it leads";

/// Methods, an origin and a path: https, or a literal loopback address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination(OriginRule);

/// A text that says no place that a secret may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret can't be bound to {0}")]
pub struct DestinationError(pub(super) CapabilityError);

impl DestinationError {
    /// The text with carets under the mistake, the rule, and the nearest right spelling, on several lines.
    pub fn report(&self) -> String {
        let CapabilityError {
            text,
            span,
            rule,
            suggestion,
            ..
        } = &self.0;
        let help = suggestion.as_ref().map(|text| format!("write `{text}`"));
        let help: Vec<&str> = help.iter().map(String::as_str).collect();
        report::render(
            "",
            text,
            span.clone(),
            "a secret can't be bound to this",
            rule,
            &help,
        )
    }
}

impl Destination {
    /// Whether `request` is one of the requests.
    pub fn covers(&self, request: &HttpRequest) -> bool {
        self.0.covers(&request.rule())
    }

    /// Whether some request is one of both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.and(&other.0).is_some()
    }

    /// The requests, as a rule of a capability.
    pub fn rule(&self) -> &OriginRule {
        &self.0
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        parse(Piece::new(text)).map(Self).map_err(DestinationError)
    }
}

fn parse(piece: Piece<'_>) -> Result<OriginRule, CapabilityError> {
    let bare = piece
        .strip_prefix("http:")
        .filter(|rest| !rest.text().starts_with("//"));
    if let Some(rest) = bare {
        let (word, _) = piece.cut_before(|c| c == ' ');
        return Err(word.fail(Kind::Unexpected, FORM).suggest(rest.text()));
    }
    let HttpRule::Origin(rule) = HttpRule::parse(piece)? else {
        return Err(piece.fail(Kind::TooBroad, FORM));
    };
    let (before, after) = piece.split_once("://").unwrap_or((piece, piece));
    if let HostPattern::Slot(_) = rule.host {
        let (host, _) = after.cut_before(|c| matches!(c, '/' | ':' | ' '));
        return Err(host.fail(Kind::Slot, SLOT));
    }
    if rule.within.is_some() {
        let (kept, network) = piece.split_once(" in ").unwrap_or((piece, piece));
        return Err(network.fail(Kind::Network, NETWORK).suggest(kept.text()));
    }
    let stays_here = matches!(&rule.host, HostPattern::Address(address) if address.is_loopback());
    if rule.scheme == Scheme::Http && !stays_here {
        let at = before.text().rfind(' ').map_or(0, |space| space + 1);
        let (_, scheme) = before.split_at(at, 0);
        return Err(scheme.fail(Kind::Scheme, CLEAR).suggest_instead("https"));
    }
    Ok(rule)
}

/// As it was written, in the one canonical form.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

string_serde!(Destination);
