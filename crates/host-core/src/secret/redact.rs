//! Redaction: values of secrets are taken out of what a plugin receives.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::StateID;
use bytes::{Bytes, BytesMut};

use super::forms::{Escape, Forms};

/// What each byte of a value is replaced by: the length stays, and with it `Content-Length` and the shape of JSON.
const BLANK: u8 = b'*';

/// Takes the values out of one body. It holds back only what may be the start of a value, so that events of a stream come
/// when they come.
pub(crate) struct Redactor {
    forms: Arc<Forms>,
    /// What was taken and not given on; what was found in it is blanked.
    held: BytesMut,
    /// Bytes given on.
    given: usize,
    raw: StateID,
    decoded: StateID,
    escape: Escape,
    /// Where the last decoded bytes were written, and where the next one will be.
    places: VecDeque<usize>,
    next: usize,
}

impl Redactor {
    pub(super) fn new(forms: Arc<Forms>) -> Self {
        let start = forms.start();
        Self {
            forms,
            held: BytesMut::new(),
            given: 0,
            raw: start,
            decoded: start,
            escape: Escape::None,
            places: VecDeque::new(),
            next: 0,
        }
    }

    /// Takes a piece, and gives what can be given.
    pub(crate) fn push(&mut self, data: Bytes) -> Bytes {
        let from = self.given + self.held.len();
        let mut found = Vec::new();
        for (at, &byte) in (from..).zip(&data) {
            self.raw = self.forms.step(self.raw, byte);
            let longest = self.forms.ending(self.raw).map(|(_, len)| len).max();
            found.extend(longest.map(|len| at + 1 - len..at + 1));
            let mut escape = self.escape;
            escape.push(byte, &mut |byte, width| {
                found.extend(self.decoded(byte, width));
            });
            self.escape = escape;
        }
        let end = from + data.len();
        let keep_from = self.keep_from(end);
        if self.held.is_empty() && found.is_empty() && keep_from == end {
            self.given = end;
            return data;
        }
        self.held.extend_from_slice(&data);
        self.blank(found);
        let given = self.held.split_to(keep_from - self.given);
        self.given = keep_from;
        given.freeze()
    }

    /// Gives what was held back.
    pub(crate) fn finish(mut self) -> Bytes {
        let mut found = Vec::new();
        std::mem::take(&mut self.escape).give_up(&mut |byte, width| {
            found.extend(self.decoded(byte, width));
        });
        self.blank(found);
        self.held.freeze()
    }

    /// Takes one decoded byte that was written in `width`; gives where a form that ends with it was written.
    fn decoded(&mut self, byte: u8, width: usize) -> Option<Range<usize>> {
        self.places.push_back(self.next);
        if self.places.len() > self.forms.longest() {
            self.places.pop_front();
        }
        self.next += width;
        self.decoded = self.forms.step(self.decoded, byte);
        let longest = self.forms.ending(self.decoded).map(|(_, len)| len).max()?;
        Some(self.place_before(longest)..self.next)
    }

    /// Where the last `count` decoded bytes began to be written.
    fn place_before(&self, count: usize) -> usize {
        let place = self.places.len().checked_sub(count);
        place
            .and_then(|place| self.places.get(place))
            .copied()
            .unwrap_or(self.next)
    }

    /// Where the first byte stands that may belong to a value which has not ended.
    fn keep_from(&self, end: usize) -> usize {
        let raw = end - self.forms.depth(self.raw);
        raw.min(self.place_before(self.forms.depth(self.decoded)))
            .max(self.given)
    }

    fn blank(&mut self, found: Vec<Range<usize>>) {
        for place in found {
            let place = place.start.max(self.given) - self.given..place.end - self.given;
            self.held[place].fill(BLANK);
        }
    }
}
