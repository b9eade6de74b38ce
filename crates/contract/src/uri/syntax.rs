//! How addresses and templates are written. Stands on the standard library alone: the macros read them by this file too.

use std::error::Error;
use std::fmt;

/// The longest address or template, in bytes. What is longer is cut or refused somewhere between any two programs, and nobody
/// can read it.
const MAX_BYTES: usize = 2048;

/// The longest name of a variable, in bytes; as names of tools.
const MAX_VARIABLE_BYTES: usize = 64;

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Stands in the address as it stands here.
    Literal(String),
    /// Stands for one or more characters.
    Variable(String),
}

/// Why a text is no address, or no template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It is too long.
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It starts with no scheme.
    NoScheme {
        /// The text.
        text: String,
    },
    /// It has a character that no address has.
    Character {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
    /// A `%` that escapes nothing.
    Escape {
        /// The text.
        text: String,
    },
    /// It has a fragment, which is part of no resource's address.
    Fragment {
        /// The text.
        text: String,
    },
    /// A brace without its other half.
    Brace {
        /// The text.
        text: String,
    },
    /// Between braces stands something else than a name.
    Expression {
        /// The text.
        text: String,
        /// What stands there.
        expression: String,
    },
    /// A variable stands twice in it.
    Twice {
        /// The text.
        text: String,
        /// The variable.
        variable: String,
    },
    /// Between two variables stands nothing, so that nobody knows where one ends.
    Adjacent {
        /// The text.
        text: String,
        /// The second variable.
        variable: String,
    },
    /// A template without a variable.
    NoVariable {
        /// The text.
        text: String,
    },
    /// An address with a variable.
    Variable {
        /// The text.
        text: String,
        /// The variable.
        variable: String,
    },
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(
                f,
                "an address has at most {MAX_BYTES} bytes, and this one has {bytes}; shorten it"
            ),
            Self::NoScheme { text } => write!(
                f,
                "`{text}` has no scheme, with which an address starts: a letter, then letters, digits, `+`, `-` and `.`, then `:`; \
                 put one before it, such as `notes:`"
            ),
            Self::Character { text, character } => write!(
                f,
                "`{text}` has a {character:?}, which can't stand in an address; write it percent-encoded"
            ),
            Self::Escape { text } => write!(
                f,
                "`{text}` has a `%` without two hexadecimal digits after it, which it stands before in an address; write `%25` for \
                 the character itself"
            ),
            Self::Fragment { text } => write!(
                f,
                "`{text}` has a fragment, which a resource's address has not; leave out `#` and what follows, or write `%23`"
            ),
            Self::Brace { text } => write!(
                f,
                "`{text}` has a brace without its other half, and in a template they stand in pairs, around a variable's name; add \
                 it, or write `%7B` or `%7D` for the character itself"
            ),
            Self::Expression { text, expression } => write!(
                f,
                "`{text}` has `{{{expression}}}`, and a variable is 1 to {MAX_VARIABLE_BYTES} letters, digits and `_` between braces, \
                 without an operator; write one such as `{{name}}`"
            ),
            Self::Twice { text, variable } => write!(
                f,
                "`{text}` has `{{{variable}}}` twice, and its values could differ; give one of them another name"
            ),
            Self::Adjacent { text, variable } => write!(
                f,
                "`{text}` has nothing before `{{{variable}}}` that says where the variable before it ends; put a character \
                 between them, such as `/`"
            ),
            Self::NoVariable { text } => write!(
                f,
                "`{text}` has no variable, and a template has one at least, such as `{{name}}`; add one, or make it the address of \
                 one resource"
            ),
            Self::Variable { text, variable } => write!(
                f,
                "`{text}` has the variable `{{{variable}}}`, and the address of one resource has none; make it a template"
            ),
        }
    }
}

impl Error for UriError {}

/// Checks that `text` is the address of one resource: an absolute URI without a fragment.
///
/// # Errors
/// What keeps it from being one.
pub fn address(text: &str) -> Result<(), UriError> {
    let variable = parts(text)?.into_iter().find_map(|part| match part {
        Part::Variable(variable) => Some(variable),
        Part::Literal(_) => None,
    });
    match variable {
        None => Ok(()),
        Some(variable) => Err(UriError::Variable {
            text: text.to_owned(),
            variable,
        }),
    }
}

/// The parts of a template.
///
/// # Errors
/// What keeps `text` from being one.
pub(crate) fn template(text: &str) -> Result<Vec<Part>, UriError> {
    let parts = parts(text)?;
    if parts.iter().all(|part| matches!(part, Part::Literal(_))) {
        let text = text.to_owned();
        return Err(UriError::NoVariable { text });
    }
    Ok(parts)
}

fn parts(text: &str) -> Result<Vec<Part>, UriError> {
    if text.len() > MAX_BYTES {
        return Err(UriError::TooLong { bytes: text.len() });
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        literal(text, before, &mut parts)?;
        let Some((name, after)) = after.split_once('}') else {
            let text = text.to_owned();
            return Err(UriError::Brace { text });
        };
        variable(text, name, &mut parts)?;
        rest = after;
    }
    literal(text, rest, &mut parts)?;
    match parts.first() {
        Some(Part::Literal(first)) if has_scheme(first) => Ok(parts),
        _ => Err(UriError::NoScheme {
            text: text.to_owned(),
        }),
    }
}

fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn literal(text: &str, literal: &str, parts: &mut Vec<Part>) -> Result<(), UriError> {
    let owned = || text.to_owned();
    for (at, character) in literal.char_indices() {
        match character {
            '%' if !is_escape(&literal.as_bytes()[at..]) => {
                return Err(UriError::Escape { text: owned() });
            }
            '#' => return Err(UriError::Fragment { text: owned() }),
            '}' => return Err(UriError::Brace { text: owned() }),
            _ if !is_allowed(character) => {
                return Err(UriError::Character {
                    text: owned(),
                    character,
                });
            }
            _ => {}
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.to_owned()));
    }
    Ok(())
}

/// Whether `text` starts with a percent-encoded byte.
fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The characters of RFC 3986, section 2, without `#`.
fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=%".contains(character)
}

fn variable(text: &str, name: &str, parts: &mut Vec<Part>) -> Result<(), UriError> {
    let owned = || text.to_owned();
    let fits = (1..=MAX_VARIABLE_BYTES).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err(UriError::Expression {
            text: owned(),
            expression: name.to_owned(),
        });
    }
    let variable = Part::Variable(name.to_owned());
    if parts.contains(&variable) {
        return Err(UriError::Twice {
            text: owned(),
            variable: name.to_owned(),
        });
    }
    if matches!(parts.last(), Some(Part::Variable(_))) {
        return Err(UriError::Adjacent {
            text: owned(),
            variable: name.to_owned(),
        });
    }
    parts.push(variable);
    Ok(())
}
