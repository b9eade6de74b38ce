//! From a text to the same without what was found in it.

use std::ops::Range;

use portcullis_guest_sdk::prelude::*;

use crate::{card, email, key};

/// What is taken out.
#[plugin_type]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Kinds {
    email: bool,
    card: bool,
    api_key: bool,
    bearer: bool,
}

impl Default for Kinds {
    fn default() -> Self {
        Self {
            email: true,
            card: true,
            api_key: true,
            bearer: true,
        }
    }
}

/// A place in a text, and what is there.
pub(crate) struct Found {
    /// In bytes, between characters.
    pub(crate) place: Range<usize>,
    /// In a word or two.
    pub(crate) what: &'static str,
}

/// The text without what is not to be in it; none where there is nothing of it.
pub(crate) fn redacted(text: &str, kinds: &Kinds) -> Option<String> {
    let mut found = Vec::new();
    if kinds.bearer {
        key::bearers(text, &mut found);
    }
    if kinds.api_key {
        key::api_keys(text, &mut found);
    }
    if kinds.card {
        card::numbers(text, &mut found);
    }
    if kinds.email {
        email::addresses(text, &mut found);
    }
    if found.is_empty() {
        return None;
    }
    // What was looked for first names a place that is two things at once.
    found.sort_by_key(|found| found.place.start);
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for Found { place, what } in found {
        if place.start >= done {
            clean.push_str(&text[done..place.start]);
            clean.push_str(&format!("[redacted: {what}]"));
        }
        done = done.max(place.end);
    }
    clean.push_str(&text[done..]);
    Some(clean)
}

/// The byte at a place, if there is one.
pub(crate) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// The end of the bytes from `at` on that are all `wanted`.
pub(crate) fn end_of(text: &str, at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = &text.as_bytes()[at..];
    at + rest
        .iter()
        .position(|byte| !wanted(*byte))
        .unwrap_or(rest.len())
}
