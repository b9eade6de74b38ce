//! Addresses of resources, and templates of them: RFC 6570, level 1.
//!
//! ```
//! use portcullis_contract::uri::UriTemplate;
//!
//! let days = UriTemplate::parse("notes://{person}/{day}").unwrap();
//! assert_eq!(days.matches("notes://ada/mon%20am"), Some(vec![("person", "ada".into()), ("day", "mon am".into())]));
//! assert_eq!(days.matches("notes://ada/mon/noon"), None);
//! assert_eq!(days.expand(|name| Some(if name == "day" { "a/b" } else { "x" })).as_deref(), Some("notes://x/a%2Fb"));
//! ```

mod syntax;

use std::fmt;

pub use syntax::{UriError, address};

use self::syntax::Part;

/// A template: a URI with variables in it, each a name between braces.
///
/// A variable stands for one or more characters, percent-encoded where they are not unreserved. In an address that matches, it
/// ends before `/`, `?` and `#`, and as soon as what follows it in the template follows in the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriTemplate {
    parts: Vec<Part>,
}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// If `text` is none: no absolute URI but for its variables, without a variable, with one twice, or with two that stand side
    /// by side.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let parts = syntax::template(text)?;
        Ok(Self { parts })
    }

    /// The names of its variables, in its order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// How many bytes of it stand in every address that matches: of two templates, the one with more is the narrower.
    pub fn literal_bytes(&self) -> usize {
        let lengths = self.parts.iter().map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Variable(_) => 0,
        });
        lengths.sum()
    }

    /// What its variables stand for in `uri`, in their order and decoded; `None` if the address does not match, or if what
    /// stands there is not the encoding of a text.
    ///
    /// A decoded value can be any text but the empty one: `/`, `..` and control characters too.
    pub fn matches(&self, uri: &str) -> Option<Vec<(&str, String)>> {
        let last = self.parts.len() - 1;
        let mut values = Vec::new();
        let mut rest = uri;
        for (index, part) in self.parts.iter().enumerate() {
            let name = match part {
                Part::Literal(text) => {
                    rest = rest.strip_prefix(text.as_str())?;
                    continue;
                }
                Part::Variable(name) => name,
            };
            let end = match self.parts.get(index + 1) {
                Some(Part::Literal(next)) if index + 1 == last => {
                    rest.len().checked_sub(next.len())?
                }
                Some(Part::Literal(next)) => end_before(next, rest)?,
                _ => rest.len(),
            };
            let (value, after) = rest.split_at_checked(end)?;
            values.push((name.as_str(), decode(value)?));
            rest = after;
        }
        rest.is_empty().then_some(values)
    }

    /// The address in which each variable has the value that `values` gives it; `None` if one has none, or an empty one.
    pub fn expand<'a>(&self, mut values: impl FnMut(&str) -> Option<&'a str>) -> Option<String> {
        let mut uri = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => uri.push_str(text),
                Part::Variable(name) => {
                    let value = values(name).filter(|value| !value.is_empty())?;
                    value.bytes().for_each(|byte| encode(byte, &mut uri));
                }
            }
        }
        Some(uri)
    }
}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Variable(name) => write!(f, "{{{name}}}"),
        })
    }
}

/// Where a value ends that `next` follows: as soon as it can. What comes later would be no better, since a value that goes on
/// over `next` has only characters that the next value may have as well.
fn end_before(next: &str, text: &str) -> Option<usize> {
    let in_escape = |at: usize| {
        let before = &text.as_bytes()[..at];
        before.iter().rev().take(2).any(|byte| *byte == b'%')
    };
    let mut ends = text.char_indices().map(|(at, _)| at).skip(1);
    ends.find(|at| text[*at..].starts_with(next) && !in_escape(*at))
}

/// A variable's value; `None`, if `text` can't be the encoding of one.
fn decode(text: &str) -> Option<String> {
    if text.is_empty() || text.contains(['/', '?', '#']) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hexadecimal(rest.next()?)? * 16 + hexadecimal(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Adds a byte of a value: as it is if it is unreserved, else percent-encoded.
fn encode(byte: u8, uri: &mut String) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        uri.push(char::from(byte));
    } else {
        // Into a string, which takes everything.
        let _ = fmt::Write::write_fmt(uri, format_args!("%{byte:02X}"));
    }
}
