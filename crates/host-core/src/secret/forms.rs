//! The forms in which a secret's value is looked for, and the search for them in bytes that come in pieces.

use std::collections::HashMap;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

use super::SecretError;

/// Shortest value that is looked for. A shorter one stands in many a text by chance, and what is taken out of a text tells
/// its reader whether a guess was right: of 8 bytes nobody guesses enough.
pub(super) const SHORTEST_REDACTED: usize = 8;

/// Shortest value that a request must not hold: a hit ends the call, so chance must be out of the question.
pub(super) const SHORTEST_LEAK: usize = 16;

/// What some values look like: as they are, with `+` for spaces, and in base64, standard or for URLs, wherever in the encoded
/// bytes they begin. Percent-encoding has too many forms to be listed; the bytes are searched decoded as well.
pub(super) struct Forms {
    automaton: NFA,
    start: StateID,
    /// How much of a value was seen in each state.
    depths: HashMap<StateID, usize>,
    /// Whose form each pattern is.
    owners: Vec<Owner>,
    longest: usize,
}

/// The value behind a form: its place in the list that the forms were made of, and its length.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) value: usize,
    pub(super) len: usize,
}

impl Forms {
    /// The forms of `values`, of those that are long enough.
    pub(super) fn of<'a>(
        values: impl IntoIterator<Item = (usize, &'a str)>,
    ) -> Result<Option<Self>, SecretError> {
        let mut owners = Vec::new();
        let mut patterns = Vec::new();
        for (value, text) in values {
            let len = text.len();
            if len >= SHORTEST_REDACTED {
                for form in forms(text) {
                    owners.push(Owner { value, len });
                    patterns.push(form);
                }
            }
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let automaton = NFA::new(&patterns).map_err(SecretError::search)?;
        let start = automaton
            .start_state(Anchored::No)
            .map_err(SecretError::search)?;
        let mut depths = HashMap::new();
        for pattern in &patterns {
            let mut state = start;
            for (depth, &byte) in pattern.iter().enumerate() {
                state = automaton.next_state(Anchored::No, state, byte);
                depths.insert(state, depth + 1);
            }
        }
        Ok(Some(Self {
            longest: patterns.iter().map(Vec::len).max().unwrap_or_default(),
            automaton,
            start,
            depths,
            owners,
        }))
    }

    pub(super) fn start(&self) -> StateID {
        self.start
    }

    /// Bytes of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn step(&self, state: StateID, byte: u8) -> StateID {
        self.automaton.next_state(Anchored::No, state, byte)
    }

    /// How many of the last bytes may be the start of a form.
    pub(super) fn depth(&self, state: StateID) -> usize {
        self.depths.get(&state).copied().unwrap_or_default()
    }

    /// Whether one of them stands in `bytes`.
    pub(super) fn occur_in(&self, bytes: &[u8]) -> bool {
        let (mut escape, mut decoded, mut raw) = (Escape::None, self.start, self.start);
        bytes.iter().any(|&byte| {
            raw = self.step(raw, byte);
            let mut found = self.ending(raw).next().is_some();
            escape.push(byte, &mut |byte, _| {
                decoded = self.step(decoded, byte);
                found |= self.ending(decoded).next().is_some();
            });
            found
        })
    }

    /// The forms that end here, each with its length.
    pub(super) fn ending(&self, state: StateID) -> impl Iterator<Item = (Owner, usize)> {
        let count = match self.automaton.is_match(state) {
            true => self.automaton.match_len(state),
            false => 0,
        };
        (0..count).map(move |at| {
            let pattern = self.automaton.match_pattern(state, at);
            let len = self.automaton.pattern_len(pattern);
            (self.owners[pattern.as_usize()], len)
        })
    }
}

fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![value.as_bytes().to_vec()];
    if value.contains(' ') {
        forms.push(value.replace(' ', "+").into_bytes());
    }
    for alphabet in [STANDARD, URL_SAFE] {
        forms.extend((0..3).map(|before| base64_core(value.as_bytes(), before, &alphabet)));
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The characters of the base64 of `value` that do not depend on what is before and after it, where so many bytes are before
/// it in its group of three.
fn base64_core(value: &[u8], before: usize, alphabet: &Alphabet) -> Vec<u8> {
    let bytes = [&[0; 2][..before], value].concat();
    let encoded = GeneralPurpose::new(alphabet, NO_PAD).encode(&bytes);
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.as_bytes()[from..to].to_vec()
}

/// Percent-decoding of bytes that come in pieces. A `%` without two hexadecimal digits stands for itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Escape {
    #[default]
    None,
    Percent,
    High(u8),
}

impl Escape {
    /// Takes a byte; `decoded` gets what is decoded with it, each byte with the number of bytes that it was written in.
    pub(super) fn push(&mut self, byte: u8, decoded: &mut impl FnMut(u8, usize)) {
        let digit = char::from(byte).to_digit(16);
        match (std::mem::take(self), digit) {
            (Self::None, _) if byte == b'%' => *self = Self::Percent,
            (Self::None, _) => decoded(byte, 1),
            (Self::Percent, Some(_)) => *self = Self::High(byte),
            (Self::High(high), Some(low)) => {
                let high = char::from(high).to_digit(16).unwrap_or_default();
                decoded((high * 16 + low) as u8, 3);
            }
            (pending, None) => {
                pending.give_up(decoded);
                self.push(byte, decoded);
            }
        }
    }

    /// What was begun stands for itself.
    pub(super) fn give_up(self, decoded: &mut impl FnMut(u8, usize)) {
        match self {
            Self::None => {}
            Self::Percent => decoded(b'%', 1),
            Self::High(high) => {
                decoded(b'%', 1);
                decoded(high, 1);
            }
        }
    }
}
