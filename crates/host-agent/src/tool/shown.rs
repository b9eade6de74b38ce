//! Texts that tools' authors wrote, as people and models may see them: escaped, and no longer than there is use for.

use std::borrow::Cow;

use portcullis_host_policy::escape;

/// How much longer a text can get by being escaped: a control character of one byte is shown as six.
const GROWTH: usize = 6;

/// A text that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// At most as many bytes as were allowed.
    pub(super) text: String,
    /// How many bytes of the original are not in it.
    pub(super) left_out: usize,
}

/// Lines of text.
pub(super) fn text(raw: &str, most: usize) -> Shown {
    shown(raw, most, escape::text)
}

/// One line, with `…` at its end where it was cut.
pub(super) fn line(raw: &str, most: usize) -> String {
    let Shown { mut text, left_out } = shown(raw, most, |raw| escape::line(raw).into());
    if left_out > 0 {
        text.push('…');
    }
    text
}

fn shown(raw: &str, most: usize, escape: fn(&str) -> Cow<'_, str>) -> Shown {
    let mut kept = &raw[..raw.floor_char_boundary(most)];
    let mut text = escape(kept);
    if text.len() > most {
        kept = &raw[..raw.floor_char_boundary(most / GROWTH)];
        text = escape(kept);
    }
    Shown {
        left_out: raw.len() - kept.len(),
        text: text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_whole() {
        let whole = text("Grüße\nan alle", 100);
        assert_eq!((whole.text.as_str(), whole.left_out), ("Grüße\nan alle", 0));
        assert_eq!(line("a\nb", 100), "a\\nb");
    }

    #[test]
    fn no_text_is_longer_than_allowed_whatever_it_is_made_of() {
        for raw in [
            "x",
            "ü",
            "\u{1b}",
            "\u{7f}",
            "\u{202e}",
            "\u{e0041}",
            "a\u{200b}",
        ] {
            let long = raw.repeat(1_000);
            for most in [0, 1, 7, 100, 999] {
                let Shown { text, left_out } = text(&long, most);
                assert!(text.len() <= most, "{raw:?} {most}");
                assert!(left_out > 0 && left_out <= long.len());
            }
        }
        assert!(line(&"x".repeat(10), 4).ends_with("xxxx…"));
    }
}
