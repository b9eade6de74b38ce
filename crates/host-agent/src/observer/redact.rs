//! Secrets are taken out of texts.

use std::fmt;
use std::ops::Range;

use aho_corasick::AhoCorasick;

/// Shortest value that is looked for, as in what plugins receive: a shorter one stands in many a text by chance.
pub(super) const SHORTEST: usize = 8;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// What stands where the rest of a text was cut off.
const CUT: &str = "… [cut]";

/// Takes the values of secrets out of texts, as they are and as they stand inside of JSON. The default knows none.
#[derive(Clone, Default)]
pub struct Redactor {
    search: Option<AhoCorasick>,
    longest: usize,
}

/// The values are too many or too long to be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the values of secrets can't be looked for: {reason}. Give fewer, or shorter ones")]
pub struct RedactorError {
    reason: String,
}

impl Redactor {
    /// Takes out these values, of those that have at least 8 bytes: a shorter one stands in many a text by chance.
    ///
    /// # Errors
    /// Where they are too many or too long, by megabytes.
    pub fn new<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Result<Self, RedactorError> {
        let mut forms = Vec::new();
        for value in values {
            let value = value.as_ref();
            if value.len() >= SHORTEST {
                // A text may be JSON itself, such as a tool's arguments.
                let quoted = serde_json::Value::from(value).to_string();
                let quoted = quoted[1..quoted.len() - 1].to_owned();
                if quoted != value {
                    forms.push(quoted);
                }
                forms.push(value.to_owned());
            }
        }
        if forms.is_empty() {
            return Ok(Self::default());
        }
        let search = AhoCorasick::new(&forms).map_err(|error| RedactorError {
            reason: error.to_string(),
        })?;
        Ok(Self {
            search: Some(search),
            longest: forms.iter().map(String::len).max().unwrap_or_default(),
        })
    }

    /// Whether these bytes hold a secret.
    pub(super) fn finds(&self, bytes: &[u8]) -> bool {
        let search = self.search.as_ref();
        search.is_some_and(|search| search.is_match(bytes))
    }

    /// The text without secrets and with at most `limit` bytes of its own; none if that is the text as it is.
    ///
    /// What begins before the limit is found also where it ends behind it: no half of a secret is left.
    pub(super) fn clean(&self, text: &str, limit: usize) -> Option<String> {
        let looked_at = limit.saturating_add(self.longest).min(text.len());
        let found = self.places(&text.as_bytes()[..looked_at]);
        if found.is_empty() && text.len() <= limit {
            return None;
        }
        let end = floor(text, limit);
        let mut cleaned = String::with_capacity(end + CUT.len());
        let mut at = 0;
        for place in found.into_iter().filter(|place| place.start < end) {
            cleaned.push_str(&text[at..place.start]);
            cleaned.push_str(REDACTED);
            at = place.end;
        }
        cleaned.push_str(text.get(at..end).unwrap_or_default());
        if text.len() > at.max(end) {
            cleaned.push_str(CUT);
        }
        Some(cleaned)
    }

    /// Where secrets stand, in order; those that overlap are one. A match begins and ends between characters, as text does.
    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let Some(search) = &self.search else {
            return Vec::new();
        };
        let mut found: Vec<_> = search
            .find_overlapping_iter(text)
            .map(|found| found.range())
            .collect();
        found.sort_unstable_by_key(|place| place.start);
        found.dedup_by(|next, last| {
            let overlaps = next.start < last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// The largest character boundary of `text` that is no larger than `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
