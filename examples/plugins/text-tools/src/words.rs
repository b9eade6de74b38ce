//! How often a text uses which words.

use std::collections::HashMap;

use portcullis_guest_sdk::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

/// One word and how often it is there.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Word {
    /// In lower case.
    pub word: String,
    pub count: usize,
}

/// The words of a text.
#[plugin_type]
pub struct Frequencies {
    /// All words, repeated ones too.
    pub total: usize,
    /// Words that differ.
    pub distinct: usize,
    /// The most frequent first; equally frequent ones in alphabetical order.
    pub words: Vec<Word>,
}

/// Counts the words of a text, in any language that puts spaces between them.
#[plugin_tool(read_only)]
pub fn word_frequencies(
    /// The text.
    text: String,
    /// How many of the most frequent words to list.
    #[arg(default = 10)]
    top: usize,
) -> Frequencies {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in text.unicode_words() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    let (total, distinct) = (counts.values().sum(), counts.len());
    let mut words: Vec<Word> = counts
        .into_iter()
        .map(|(word, count)| Word { word, count })
        .collect();
    words.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.word.cmp(&b.word)));
    words.truncate(top);
    Frequencies {
        total,
        distinct,
        words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str, count: usize) -> Word {
        Word {
            word: word.into(),
            count,
        }
    }

    #[test]
    fn the_most_frequent_words_come_first_and_ties_are_alphabetical() {
        let found = word_frequencies("To be, or not to be: that's it.".into(), 3);
        assert_eq!((found.total, found.distinct), (8, 6));
        assert_eq!(found.words, [word("be", 2), word("to", 2), word("it", 1)]);
    }

    #[test]
    fn words_are_unicode_words() {
        let found = word_frequencies("Größe größe — 3.14 naïve".into(), 10);
        assert_eq!(
            found.words,
            [word("größe", 2), word("3.14", 1), word("naïve", 1)]
        );
    }

    #[test]
    fn an_empty_text_has_no_words() {
        assert_eq!(word_frequencies(String::new(), 10).total, 0);
    }
}
