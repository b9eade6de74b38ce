//! The leak check: no request carries the value of a secret but where the gate put it.

use std::sync::Arc;

use aho_corasick::automaton::StateID;

use super::forms::{Escape, Forms, SHORTEST_LEAK};

/// A request held a secret's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leak;

/// Looks for values in one body, and in single texts such as the URL and header values.
///
/// It finds them raw, percent-encoded in any mix, and in base64, across any cuts. It is a net with holes – a guest can turn a
/// value round, compress or encrypt it – and what it can't hold, the binding does: a value that was never shown can't be sent.
pub(crate) struct Scanner {
    forms: Arc<Forms>,
    /// Values that this request may hold.
    allowed: Vec<usize>,
    raw: StateID,
    decoded: StateID,
    escape: Escape,
}

impl Scanner {
    pub(super) fn new(forms: Arc<Forms>, allowed: Vec<usize>) -> Self {
        let start = forms.start();
        Self {
            forms,
            allowed,
            raw: start,
            decoded: start,
            escape: Escape::None,
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// Where a value ends in it.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Leak> {
        for &byte in bytes {
            let in_step = self.raw == self.decoded && matches!(self.escape, Escape::None);
            self.raw = self.forms.step(self.raw, byte);
            let mut found = self.is_leak(self.raw);
            if in_step && byte != b'%' {
                self.decoded = self.raw;
            } else {
                let (mut escape, mut decoded) = (self.escape, self.decoded);
                escape.push(byte, &mut |byte, _| {
                    decoded = self.forms.step(decoded, byte);
                    found |= self.is_leak(decoded);
                });
                (self.escape, self.decoded) = (escape, decoded);
            }
            if found {
                return Err(Leak);
            }
        }
        Ok(())
    }

    /// Searches one text that is not part of the body.
    ///
    /// # Errors
    /// Where it holds a value.
    pub(crate) fn whole(&self, bytes: &[u8]) -> Result<(), Leak> {
        Self::new(Arc::clone(&self.forms), self.allowed.clone()).feed(bytes)
    }

    /// The same for a string.
    ///
    /// # Errors
    /// As [`Scanner::whole`].
    pub(crate) fn text(&self, text: &str) -> Result<(), Leak> {
        self.whole(text.as_bytes())
    }

    fn is_leak(&self, state: StateID) -> bool {
        self.forms
            .ending(state)
            .any(|(owner, _)| owner.len >= SHORTEST_LEAK && !self.allowed.contains(&owner.value))
    }
}
