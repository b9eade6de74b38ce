//! Paths of URLs: one meaning or none.
//!
//! Servers, proxies and libraries disagree about dot segments, empty segments, encoded separators, `;` and `\`. A path
//! that two of them could read in two ways is refused, in rules and in requests, and never repaired. What is left is
//! compared decoded, since `/a` and `/%61` are one path to every server.

use std::fmt;
use std::ops::Range;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};

const QUERY_RULE: &str = "a rule ends with its path: queries and fragments never match";

/// Why a path has no single meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.rule())]
#[non_exhaustive]
pub enum PathFlaw {
    /// It does not start with `/`.
    NotAbsolute,
    /// A character that a URL's path can't hold, raw.
    Character,
    /// A `\`, raw or encoded, which some servers take for `/`.
    Backslash,
    /// A `;`, raw or encoded, after which some servers stop reading the segment.
    Semicolon,
    /// Two slashes in a row.
    EmptySegment,
    /// A segment `.` or `..`.
    DotSegment,
    /// An encoded `.`, which servers decode before or after they resolve dot segments.
    EncodedDot,
    /// An encoded `/`.
    EncodedSlash,
    /// A `%` without two hexadecimal digits, or an escape that is still one after decoding.
    Escape,
    /// An encoded control character.
    Control,
    /// Encoded bytes that are no UTF-8: overlong forms have smuggled dots and slashes.
    NotUtf8,
}

impl PathFlaw {
    /// The rule that the path breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NotAbsolute => "a path starts with `/`",
            Self::Character => {
                "a path holds letters, digits and -._~!$&'()+,=:@ and everything else percent-encoded"
            }
            Self::Backslash => "a path holds no `\\`: some servers take it for `/`",
            Self::Semicolon => "a path holds no `;`: some servers drop what follows it",
            Self::EmptySegment => "a path holds no `//`: some servers take it for `/`",
            Self::DotSegment => "a path holds no segment `.` or `..`: servers resolve it",
            Self::EncodedDot => "a path holds no encoded dot: write `.`",
            Self::EncodedSlash => {
                "a path holds no encoded `/`: some servers take it for a separator"
            }
            Self::Escape => {
                "`%` is followed by two hexadecimal digits, and what they encode is no escape itself"
            }
            Self::Control => "a path holds no control character",
            Self::NotUtf8 => "what a path encodes is UTF-8",
        }
    }
}

/// Decodes a path that has one meaning; else says which bytes have not, and why.
pub(crate) fn decode(raw: &str) -> Result<String, (Range<usize>, PathFlaw)> {
    if !raw.starts_with('/') {
        return Err((0..raw.len().min(1), PathFlaw::NotAbsolute));
    }
    let bytes = raw.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (byte, step) = plain_or_escape(bytes, at, byte).map_err(|flaw| (at..at + 1, flaw))?;
        decoded.push(byte);
        at += step;
    }
    if let Some(dots) = dot_segment(raw) {
        return Err((dots, PathFlaw::DotSegment));
    }
    let whole = |flaw| (0..raw.len(), flaw);
    let decoded = String::from_utf8(decoded).map_err(|_| whole(PathFlaw::NotUtf8))?;
    if decoded.chars().any(char::is_control) {
        return Err(whole(PathFlaw::Control));
    }
    if holds_escape(decoded.as_bytes()) {
        return Err(whole(PathFlaw::Escape));
    }
    Ok(decoded)
}

fn plain_or_escape(bytes: &[u8], at: usize, byte: u8) -> Result<(u8, usize), PathFlaw> {
    match byte {
        b'%' => escape(bytes, at).map(|byte| (byte, 3)),
        b'\\' => Err(PathFlaw::Backslash),
        b';' => Err(PathFlaw::Semicolon),
        b'/' if bytes.get(at + 1) == Some(&b'/') => Err(PathFlaw::EmptySegment),
        _ if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(&byte) => Ok((byte, 1)),
        _ => Err(PathFlaw::Character),
    }
}

/// The byte that `%XX` at `at` stands for, where it may be encoded at all.
fn escape(bytes: &[u8], at: usize) -> Result<u8, PathFlaw> {
    let digit = |offset: usize| {
        bytes
            .get(at + offset)
            .and_then(|&byte| char::from(byte).to_digit(16))
    };
    let (Some(high), Some(low)) = (digit(1), digit(2)) else {
        return Err(PathFlaw::Escape);
    };
    match (high * 16 + low) as u8 {
        b'.' => Err(PathFlaw::EncodedDot),
        b'/' => Err(PathFlaw::EncodedSlash),
        b'\\' => Err(PathFlaw::Backslash),
        b';' => Err(PathFlaw::Semicolon),
        byte if byte.is_ascii_control() => Err(PathFlaw::Control),
        byte => Ok(byte),
    }
}

/// Whether a server that decodes twice would find something else.
fn holds_escape(decoded: &[u8]) -> bool {
    decoded
        .windows(3)
        .any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
}

fn dot_segment(raw: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for segment in raw.split('/') {
        if segment == "." || segment == ".." {
            return Some(at..at + segment.len());
        }
        at += segment.len() + 1;
    }
    None
}

/// Percent-encodes all that a path may not hold raw, and `*`, which is a rule's wildcard.
fn encode(decoded: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for &byte in decoded.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()+,=:@".contains(&byte) {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

/// The path of a rule: exactly one path, or everything under a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern {
    /// Decoded; ends in `/` where `subtree`.
    start: String,
    subtree: bool,
}

/// `/*`, every path.
impl Default for PathPattern {
    fn default() -> Self {
        Self {
            start: "/".to_owned(),
            subtree: true,
        }
    }
}

impl PathPattern {
    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let (path, query) = piece.cut_before(|c| c == '?' || c == '#');
        if !query.text().is_empty() {
            return Err(query.fail(Kind::Path, QUERY_RULE).suggest(path.up_to_end()));
        }
        let rule = "in a path, `*` stands for a whole subtree and is its last segment: `/v1/*`";
        let text = piece.text();
        let (start, subtree) = match text.strip_suffix("/*") {
            Some(folder) => (&text[..folder.len() + 1], true),
            None => (text, false),
        };
        if let Some(star) = start.find('*') {
            return Err(piece.slice(star..star + 1).fail(Kind::Path, rule));
        }
        match decode(start) {
            Ok(start) => Ok(Self { start, subtree }),
            Err((place, flaw)) => Err(piece.slice_chars(place).fail(Kind::Path, flaw.rule())),
        }
    }

    /// Exactly this path, which was decoded.
    pub(crate) fn exact(decoded: &str) -> Self {
        Self {
            start: decoded.to_owned(),
            subtree: false,
        }
    }

    /// What is under both.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }

    /// Whether this is `/*`.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a request's path, decoded, is under this rule. `/v1/*` is `/v1/` and all below it, and not `/v1`.
    pub(crate) fn matches(&self, decoded: &str) -> bool {
        if self.subtree {
            decoded.starts_with(&self.start)
        } else {
            decoded == self.start
        }
    }

    /// Whether every path under `other` is under this rule.
    pub fn covers(&self, other: &Self) -> bool {
        (self.subtree || !other.subtree) && self.matches(&other.start)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encode(&self.start, f)?;
        f.write_str(if self.subtree { "*" } else { "" })
    }
}
