//! Why a text is no capability.

use std::fmt;
use std::ops::Range;

use crate::report;

/// What is wrong with a capability, for programs; the rule and the place say it to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CapabilityErrorKind {
    /// No capability of this name.
    Unknown,
    /// A capability that must say what it is for: `env`, `fs`, `http`.
    Unscoped,
    /// A capability that takes nothing after its name, or a part too many.
    Unexpected,
    /// Not a method of HTTP that a plugin may use, or one twice.
    Method,
    /// Neither `http` nor `https`.
    Scheme,
    /// Not a host name, not an address, not a slot.
    Host,
    /// A wildcard in the wrong place.
    Wildcard,
    /// Not a port from 1 to 65535.
    Port,
    /// A path that is malformed, ambiguous or not absolute.
    Path,
    /// Not a network such as `10.0.0.0/8`.
    Network,
    /// A slot's name that is none.
    Slot,
    /// A folder's access that is neither `ro` nor `rw`.
    Access,
    /// A name that does not fit its rule, or that nobody published.
    Name,
    /// Not a number of bytes.
    Size,
    /// Well formed, and more than anybody should grant.
    TooBroad,
    /// Longer than any capability.
    TooLong,
}

/// A text that is no capability: where, by which rule, and what it may have been meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CapabilityError {
    /// What was written.
    pub text: String,
    /// The place of the mistake: bytes of `text`.
    pub span: Range<usize>,
    /// What is wrong, for programs.
    pub kind: CapabilityErrorKind,
    /// The rule that is broken.
    pub rule: &'static str,
    /// The nearest right spelling of the whole text, where there is one.
    pub suggestion: Option<String>,
}

impl CapabilityError {
    /// The text with carets under the mistake, the rule, and the nearest right spelling, on several lines.
    pub fn report(&self) -> String {
        let help = self
            .suggestion
            .as_ref()
            .map(|text| format!("write `{text}`"));
        let help: Vec<&str> = help.iter().map(String::as_str).collect();
        report::render(
            "",
            &self.text,
            self.span.clone(),
            "not a capability",
            self.rule,
            &help,
        )
    }

    pub(crate) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Suggests the whole text with the marked part replaced.
    pub(crate) fn suggest_instead(self, replacement: &str) -> Self {
        let mut text = self.text.clone();
        text.replace_range(self.span.clone(), replacement);
        self.suggest(text)
    }
}

/// One line: for logs, and where a report has no place.
impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            text,
            span,
            rule,
            suggestion,
            ..
        } = self;
        write!(
            f,
            "{text:?}, at {:?}: {rule}",
            text.get(span.clone()).unwrap_or_default()
        )?;
        match suggestion {
            Some(suggestion) => write!(f, "; write {suggestion:?}"),
            None => Ok(()),
        }
    }
}

/// A part of the text, which knows its place in the whole for the sake of errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    all: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Piece<'a> {
    pub(crate) fn new(all: &'a str) -> Self {
        Self {
            all,
            start: 0,
            end: all.len(),
        }
    }

    pub(crate) fn text(self) -> &'a str {
        &self.all[self.start..self.end]
    }

    /// Everything before this piece: for suggestions that rewrite the whole.
    pub(crate) fn before(self) -> &'a str {
        &self.all[..self.start]
    }

    /// This piece and everything after it: for the same.
    pub(crate) fn rest(self) -> &'a str {
        &self.all[self.start..]
    }

    /// Everything up to the end of this piece: for the same.
    pub(crate) fn up_to_end(self) -> &'a str {
        &self.all[..self.end]
    }

    /// A part of this piece, by byte offsets within it.
    pub(crate) fn slice(self, range: Range<usize>) -> Self {
        Self {
            all: self.all,
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }

    /// The same, widened to whole characters.
    pub(crate) fn slice_chars(self, range: Range<usize>) -> Self {
        let text = self.text();
        let mut end = range.end.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        self.slice(range.start.min(end)..end)
    }

    /// What stands before and after the first `separator`.
    pub(crate) fn split_once(self, separator: &str) -> Option<(Self, Self)> {
        let at = self.text().find(separator)?;
        Some(self.split_at(at, separator.len()))
    }

    /// What stands before offset `at` and after it and `skip` more bytes.
    pub(crate) fn split_at(self, at: usize, skip: usize) -> (Self, Self) {
        (self.slice(0..at), self.slice(at + skip..self.text().len()))
    }

    pub(crate) fn strip_prefix(self, prefix: &str) -> Option<Self> {
        self.text()
            .starts_with(prefix)
            .then(|| self.slice(prefix.len()..self.text().len()))
    }

    /// Cuts the piece before the first character that `stops`.
    pub(crate) fn cut_before(self, stops: impl Fn(char) -> bool) -> (Self, Self) {
        let at = self.text().find(stops).unwrap_or(self.text().len());
        self.split_at(at, 0)
    }

    pub(crate) fn fail(self, kind: CapabilityErrorKind, rule: &'static str) -> CapabilityError {
        CapabilityError {
            text: self.all.to_owned(),
            span: self.start..self.end,
            kind,
            rule,
            suggestion: None,
        }
    }
}
