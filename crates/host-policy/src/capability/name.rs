//! Names and patterns inside capabilities.

use std::fmt;
use std::str::FromStr;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use crate::text::string_serde;

/// Longest name, in bytes.
const MAX_NAME: usize = 128;

macro_rules! name {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use name;

name! {
    /// The name of an environment variable: letters, digits and `_`, no digit first.
    EnvName
}
name! {
    /// The name of a secret or a corpus: letters, digits, `_`, `-` and `.`, a letter or a digit first.
    Name
}
name! {
    /// A slot that the operator fills: lower-case letters, digits and `-`, a letter first.
    SlotName
}

/// Checks `piece` against a name's rule and marks the first character that breaks it.
fn checked(
    piece: Piece<'_>,
    kind: Kind,
    rule: &'static str,
    first: impl Fn(char) -> bool,
    rest: impl Fn(char) -> bool,
) -> Result<String, CapabilityError> {
    let text = piece.text();
    if text.is_empty() || text.len() > MAX_NAME {
        return Err(piece.fail(kind, rule));
    }
    let wrong = text
        .char_indices()
        .find(|&(at, c)| if at == 0 { !first(c) } else { !rest(c) });
    match wrong {
        Some((at, c)) => Err(piece.slice(at..at + c.len_utf8()).fail(kind, rule)),
        None => Ok(text.to_owned()),
    }
}

impl EnvName {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "a variable's name is made of letters, digits and `_`, has no digit first and at most 128 \
            characters; it names one variable, without wildcard";
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        checked(piece, Kind::Name, rule, first, |c| {
            first(c) || c.is_ascii_digit()
        })
        .map(Self)
    }
}

impl Name {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "a name is made of letters, digits, `_`, `-` and `.`, has a letter or a digit first and at most \
            128 characters";
        let first = |c: char| c.is_ascii_alphanumeric();
        checked(piece, Kind::Name, rule, first, |c| {
            first(c) || matches!(c, '_' | '-' | '.')
        })
        .map(Self)
    }
}

impl SlotName {
    /// Parses `{slot}`, braces included.
    pub(crate) fn parse_braced(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let text = piece.text();
        match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            Some(inside) if !inside.is_empty() => Self::parse(piece.slice(1..text.len() - 1)),
            _ => Err(piece.fail(Kind::Slot, Self::RULE)),
        }
    }

    fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let first = |c: char| c.is_ascii_lowercase();
        let rest = |c: char| first(c) || c.is_ascii_digit() || c == '-';
        checked(piece, Kind::Slot, Self::RULE, first, rest).map(Self)
    }

    const RULE: &str = "a slot is `{name}`: lower-case letters, digits and `-`, a letter first, between braces, and \
        nothing beside it";
}

impl FromStr for EnvName {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::parse(Piece::new(text))
    }
}

impl FromStr for Name {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::parse(Piece::new(text))
    }
}

string_serde!(Name);

/// Without braces.
impl FromStr for SlotName {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::parse(Piece::new(text))
    }
}

/// A text, or every text that starts so: `gpt-4o`, `gpt-*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    start: String,
    open: bool,
}

impl Glob {
    /// What matches everything.
    pub fn any() -> Self {
        Self {
            start: String::new(),
            open: true,
        }
    }

    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "a pattern is made of visible ASCII characters, at most 128; `*` stands at its end only";
        let text = piece.text();
        let (start, open) = text
            .strip_suffix('*')
            .map_or((text, false), |start| (start, true));
        if text.is_empty() {
            return Err(piece.fail(Kind::Name, rule));
        }
        let fits = |c: char| c.is_ascii_graphic() && c != '*';
        if !start.is_empty() {
            checked(piece.slice(0..start.len()), Kind::Name, rule, fits, fits)?;
        }
        Ok(Self {
            start: start.to_owned(),
            open,
        })
    }

    /// Exactly this text: what a request names.
    ///
    /// # Errors
    /// Where it is empty, longer than a pattern, ends in `*`, or is more than visible ASCII.
    pub fn exact(text: &str) -> Result<Self, CapabilityError> {
        let rule = "a name here is made of visible ASCII characters, at most 128, without `*`";
        let piece = Piece::new(text);
        match Self::parse(piece)? {
            Self { open: true, .. } => Err(piece.fail(Kind::Name, rule)),
            exact => Ok(exact),
        }
    }

    /// What both match.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let narrower = if self.covers(other) { other } else { self };
        (self.covers(narrower) && other.covers(narrower)).then(|| narrower.clone())
    }

    /// Whether `text` is this text, or starts like it where the pattern is open.
    pub fn matches(&self, text: &str) -> bool {
        if self.open {
            text.starts_with(&self.start)
        } else {
            text == self.start
        }
    }

    /// Whether everything that `other` matches, this one matches too.
    pub fn covers(&self, other: &Self) -> bool {
        (self.open || !other.open) && self.matches(&other.start)
    }
}

/// As it is written in a capability.
impl FromStr for Glob {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::parse(Piece::new(text))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.start, if self.open { "*" } else { "" })
    }
}
