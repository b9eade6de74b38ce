//! Text from plugins, made safe to look at.
//!
//! A plugin's words reach a terminal, where control characters move the cursor and set the title, and a person, whom
//! bidirectional and invisible characters deceive. Here they are shown instead of obeyed.

use std::borrow::Cow;

/// Shows every character that a terminal would obey or a person would not see as `\u{…}`. Line feeds and tabs stay; a
/// carriage return before a line feed goes.
pub fn text(raw: &str) -> Cow<'_, str> {
    if !raw
        .chars()
        .any(|c| is_deceptive(c) && !matches!(c, '\n' | '\t'))
    {
        return Cow::Borrowed(raw);
    }
    let mut shown = String::with_capacity(raw.len() + 16);
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            c if is_deceptive(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// As [`text`], in one line: line feeds and tabs are shown too.
pub fn line(raw: &str) -> String {
    let mut shown = String::with_capacity(raw.len());
    for c in raw.chars() {
        if is_deceptive(c) {
            shown.extend(c.escape_default())
        } else {
            shown.push(c)
        }
    }
    shown
}

/// The same for a finished JSON document: `\uXXXX` in place of the character, so that the document still means the same.
/// Line feeds are kept; in a JSON document they only stand between tokens.
pub fn json(document: &str) -> Cow<'_, str> {
    if !document.chars().any(|c| is_deceptive(c) && c != '\n') {
        return Cow::Borrowed(document);
    }
    let mut shown = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if is_deceptive(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// C0, DEL and C1; soft hyphen; bidirectional marks, embeddings, overrides and isolates; zero-width characters; line and
/// paragraph separators; interlinear annotation; tag characters and the variation selectors beside them, which hide text.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        let plain = "Grüße, 世界 👋\n\tindented";
        assert!(matches!(text(plain), Cow::Borrowed(_)));
        assert_eq!(text(plain), plain);
    }

    #[test]
    fn a_terminal_never_sees_an_escape_sequence() {
        assert_eq!(text("\x1b]0;owned\x07"), "\\u{1b}]0;owned\\u{7}");
        assert_eq!(text("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn bidirectional_zero_width_and_tag_characters_are_shown() {
        assert_eq!(text("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(text("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(text("\u{e0041}"), "\\u{e0041}");
    }

    #[test]
    fn windows_line_ends_become_line_feeds_and_a_bare_return_is_shown() {
        assert_eq!(text("one\r\ntwo\rthree"), "one\ntwo\\rthree");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(line("one\ntwo\tthree"), "one\\ntwo\\tthree");
    }

    #[test]
    fn an_escaped_json_document_means_the_same() {
        let value = serde_json::json!({"a\u{202e}": "\u{9b}\u{7f}\u{e0041} plain\n"});
        let document = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&document);
        assert!(!shown.chars().any(|c| is_deceptive(c) && c != '\n'));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }
}
