//! Search and replace.

use portcullis_guest_sdk::prelude::*;
use regex::{Captures, RegexBuilder};

/// A changed text.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Replaced {
    /// The text after the replacements.
    pub text: String,
    /// How many there were.
    pub replacements: usize,
}

/// Replaces every match of a regular expression (the syntax of Rust's `regex` crate: linear time, no look-around).
#[plugin_tool(read_only)]
pub fn search_replace(
    /// The text to search.
    text: String,
    /// What to look for.
    pattern: String,
    /// What to put there; `$1` or `${name}` is a group of the match, `$$` a dollar sign.
    replacement: String,
    /// Match letters of either case.
    #[arg(default)]
    ignore_case: bool,
    /// Let `^` and `$` match at the ends of lines.
    #[arg(default)]
    multi_line: bool,
    /// Take pattern and replacement as plain text.
    #[arg(default)]
    literal: bool,
) -> Result<Replaced, ToolError> {
    let pattern = if literal {
        regex::escape(&pattern)
    } else {
        pattern
    };
    let regex = RegexBuilder::new(&pattern)
        .case_insensitive(ignore_case)
        .multi_line(multi_line)
        .build()
        .map_err(|error| {
            ToolError::invalid_arguments(format!("`pattern` is not a regular expression: {error}"))
        })?;
    let mut replacements = 0;
    let text = regex.replace_all(&text, |found: &Captures<'_>| {
        replacements += 1;
        let mut with = String::new();
        if literal {
            with.push_str(&replacement);
        } else {
            found.expand(&replacement, &mut with);
        }
        with
    });
    Ok(Replaced {
        text: text.into_owned(),
        replacements,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(text: &str, pattern: &str, replacement: &str) -> Replaced {
        search_replace(
            text.into(),
            pattern.into(),
            replacement.into(),
            false,
            false,
            false,
        )
        .expect("a sound pattern")
    }

    #[test]
    fn groups_are_put_into_the_replacement() {
        let found = replace(
            "2026-11-20, 2027-01-02",
            r"(\d+)-(\d+)-(?<day>\d+)",
            "${day}.$2.$1",
        );
        assert_eq!(
            found,
            Replaced {
                text: "20.11.2026, 02.01.2027".into(),
                replacements: 2
            }
        );
    }

    #[test]
    fn a_text_without_a_match_stays_as_it_is() {
        assert_eq!(
            replace("abc", "x", "y"),
            Replaced {
                text: "abc".into(),
                replacements: 0
            }
        );
    }

    #[test]
    fn the_options_change_what_matches() {
        let lines = search_replace("A\na".into(), "^a$".into(), "b".into(), true, true, false);
        assert_eq!(lines.expect("a sound pattern").text, "b\nb");
        let plain = search_replace(
            "a.c abc".into(),
            "a.c".into(),
            "$1".into(),
            false,
            false,
            true,
        );
        assert_eq!(plain.expect("a sound pattern").text, "$1 abc");
    }

    #[test]
    fn a_broken_pattern_is_an_error_that_shows_the_place() {
        let error =
            search_replace("x".into(), "(".into(), "y".into(), false, false, false).unwrap_err();
        assert!(
            error.message.contains("unclosed group"),
            "{}",
            error.message
        );
    }
}
