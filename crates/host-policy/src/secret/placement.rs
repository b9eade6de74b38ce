//! Where in a request a secret is put.

use std::fmt;
use std::str::FromStr;

use crate::capability::name;
use crate::request::is_forbidden_header;
use crate::text::string_serde;

/// Longest name of a header or a parameter, in bytes.
const MAX_NAME: usize = 128;

/// Headers that a plugin may set and a secret must not be: they frame the message, or choose how the answer is encoded,
/// which decides whether a secret in it can be seen.
const NO_SECRET: &[&str] = &[
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-range",
    "range",
];

const FORM: &str = "write bearer, basic, header:NAME or query:NAME";
const HEADER: &str =
    "a header's name is made of letters, digits and !#$%&'*+-.^_`|~, at most 128 characters";
pub(super) const OWN: &str =
    "this header is written by the gate alone or decides how the message is read; choose another";
const QUERY: &str =
    "a parameter's name is made of letters, digits and -._~, at most 128 characters";

name! {
    /// The name of a header, in lower case.
    HeaderName
}
name! {
    /// The name of a parameter in a query.
    QueryName
}

/// Where in a request a secret is put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// `Authorization: Bearer VALUE`.
    Bearer,
    /// `Authorization: Basic`, the value being `user:password`.
    Basic,
    /// The value as this header.
    Header(HeaderName),
    /// The value as this parameter of the query.
    Query(QueryName),
}

/// A text that says no place for a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no place for a secret: {rule}")]
pub struct PlacementError {
    /// What was written, cut to a length that can be shown.
    pub text: String,
    /// The rule that is broken.
    pub rule: &'static str,
}

impl Placement {
    /// The header that it writes, in lower case; none where it is in the query.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Bearer | Self::Basic => Some("authorization"),
            Self::Header(name) => Some(name.as_str()),
            Self::Query(_) => None,
        }
    }
}

impl FromStr for Placement {
    type Err = PlacementError;

    fn from_str(text: &str) -> Result<Self, PlacementError> {
        let parsed = match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            None if text == "basic" => Ok(Self::Basic),
            Some(("header", name)) => header(name).map(Self::Header),
            Some(("query", name)) => query(name).map(Self::Query),
            _ => Err(FORM),
        };
        parsed.map_err(|rule| PlacementError {
            text: text.chars().take(MAX_NAME).collect(),
            rule,
        })
    }
}

fn header(name: &str) -> Result<HeaderName, &'static str> {
    // RFC 9110, 5.6.2: token.
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(fits) {
        return Err(HEADER);
    }
    let name = name.to_ascii_lowercase();
    if is_forbidden_header(&name) || NO_SECRET.contains(&name.as_str()) {
        return Err(OWN);
    }
    Ok(HeaderName(name))
}

fn query(name: &str) -> Result<QueryName, &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(fits) {
        return Err(QUERY);
    }
    Ok(QueryName(name.to_owned()))
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic => f.write_str("basic"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
        }
    }
}

string_serde!(Placement);
