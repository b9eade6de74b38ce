//! Keys of well-known services, which say what they are, and tokens after the word Bearer.

use crate::scan::{Found, byte, end_of};

/// How keys begin, and how many characters follow at least.
const KEYS: [(&str, usize); 12] = [
    ("sk-", 20),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
];

/// How ids of AWS keys begin.
const AWS: [&str; 2] = ["AKIA", "ASIA"];

/// How many characters follow: neither fewer nor more.
const AWS_REST: usize = 16;

/// The word before a token.
const BEARER: &str = "bearer";

/// The fewest characters of a token: a shorter one is a word.
const SHORTEST_TOKEN: usize = 16;

/// Finds keys that begin a word.
pub(crate) fn api_keys(text: &str, found: &mut Vec<Found>) {
    for (start, end) in words(text) {
        if is_key(&text[start..end]) {
            found.push(Found {
                place: start..end,
                what: "api key",
            });
        }
    }
}

/// Finds tokens; the word before them stays.
pub(crate) fn bearers(text: &str, found: &mut Vec<Found>) {
    for (start, end) in words(text) {
        if !text[start..end].eq_ignore_ascii_case(BEARER) {
            continue;
        }
        let token = end_of(text, end, |byte| byte == b' ' || byte == b'\t');
        let token_end = end_of(text, token, in_token);
        let is_token = token > end && token_end - token >= SHORTEST_TOKEN;
        if is_token && has_digit(&text[token..token_end]) {
            found.push(Found {
                place: token..token_end,
                what: "bearer token",
            });
        }
    }
}

/// Starts and ends of runs of what keys are made of.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = end_of(text, at, |byte| !in_key(byte));
        byte(text, start)?;
        at = end_of(text, start, in_key);
        Some((start, at))
    })
}

fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// RFC 6750's `b64token`.
fn in_token(byte: u8) -> bool {
    in_key(byte) || b".~+/=".contains(&byte)
}

/// What is made of letters alone is a word, such as `sk-something-that-is-not-secret`.
fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_key(word: &str) -> bool {
    let known = KEYS.iter().any(|(start, least)| {
        let rest = word.strip_prefix(start);
        rest.is_some_and(|rest| rest.len() >= *least && has_digit(rest))
    });
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let aws = AWS.iter().any(|start| {
        let rest = word.strip_prefix(start);
        rest.is_some_and(|rest| rest.len() == AWS_REST && rest.bytes().all(upper))
    });
    known || aws
}
