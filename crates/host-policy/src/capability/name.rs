//! Names and patterns inside capabilities.

use std::fmt;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};

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
pub(super) use name;

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
    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
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
    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
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
    pub(super) fn parse_braced(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "a slot is `{name}`: lower-case letters, digits and `-`, a letter first, between braces, and \
            nothing beside it";
        let inside = piece
            .text()
            .len()
            .checked_sub(1)
            .filter(|&end| end > 1 && piece.text().ends_with('}'));
        let Some(end) = inside else {
            return Err(piece.fail(Kind::Slot, rule));
        };
        let first = |c: char| c.is_ascii_lowercase();
        let rest = |c: char| first(c) || c.is_ascii_digit() || c == '-';
        checked(piece.slice(1..end), Kind::Slot, rule, first, rest).map(Self)
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

    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
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

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.start, if self.open { "*" } else { "" })
    }
}
