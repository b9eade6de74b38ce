//! What a plugin looks for.

use std::collections::BTreeSet;

use tantivy::Term;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer,
};

/// The words of a query that count: each is looked up in every part of the index.
const WORDS: usize = 64;

/// The longest word, in bytes; longer ones are keys and encoded data.
const WORD_BYTES: usize = 64;

/// How much more a word in a title says.
const TITLE: f32 = 2.0;

/// How texts and queries come apart into words: runs of letters and digits, whatever their case and accents.
pub(super) fn words() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// Some words, any of which may be found.
pub(super) struct Query(BTreeSet<String>);

impl Query {
    /// The first different words of a text. None where it has none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut analyzer = words();
        let mut stream = analyzer.token_stream(text);
        let mut words = BTreeSet::new();
        while words.len() < WORDS && stream.advance() {
            words.insert(stream.token().text.clone());
        }
        (!words.is_empty()).then_some(Self(words))
    }

    /// The same for an index.
    pub(super) fn within(&self, title: Field, text: Field) -> BooleanQuery {
        let term = |field, word: &str| {
            let term = Term::from_field_text(field, word);
            TermQuery::new(term, IndexRecordOption::WithFreqs)
        };
        let words = self.0.iter().flat_map(|word| {
            let in_title = BoostQuery::new(Box::new(term(title, word)), TITLE);
            let in_text = term(text, word);
            [
                (
                    Occur::Should,
                    Box::new(in_title) as Box<dyn tantivy::query::Query>,
                ),
                (
                    Occur::Should,
                    Box::new(in_text) as Box<dyn tantivy::query::Query>,
                ),
            ]
        });
        BooleanQuery::new(words.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        Query::of(text).map_or_else(Vec::new, |query| query.0.into_iter().collect())
    }

    #[test]
    fn a_query_is_its_words_and_nothing_else() {
        assert_eq!(of("Café  AND cafe -b*"), ["and", "b", "cafe"]);
        assert_eq!(
            of("path:/etc/passwd OR [a TO z]^1000"),
            ["1000", "a", "etc", "or", "passwd", "path", "to", "z"]
        );
        assert_eq!(of(&"(".repeat(4096)), [""; 0]);
    }

    #[test]
    fn only_so_many_words_count() {
        let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        assert_eq!(of(&many.join(" ")).len(), WORDS);
        assert_eq!(of(&"x".repeat(WORD_BYTES + 1)), [""; 0]);
    }
}
