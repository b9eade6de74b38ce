//! Error reports with an excerpt and carets, and the nearest right spelling.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Longest excerpt of a hostile text that an error repeats, in bytes.
const MAX_EXCERPT: usize = 64 * 1024;

/// Renders one finding: title, the text with carets under `span`, then help lines.
pub(crate) fn render(
    path: &str,
    text: &str,
    span: Range<usize>,
    title: &str,
    label: &str,
    help: &[&str],
) -> String {
    let text = &text[..floor(text, MAX_EXCERPT)];
    let start = floor(text, span.start);
    let end = floor(text, span.end.max(start));
    let mut snippet =
        Snippet::source(text).annotation(AnnotationKind::Primary.span(start..end).label(label));
    if !path.is_empty() {
        snippet = snippet.path(path);
    }
    let mut group = Level::ERROR.primary_title(title).element(snippet);
    for line in help {
        group = group.element(Level::HELP.message(*line));
    }
    Renderer::plain().render(&[group])
}

/// The longest word that is compared: the distance is quadratic in it, and a hostile one may have a megabyte. Qualified names of
/// tools are shorter.
const COMPARED_BYTES: usize = 256;

/// The known word nearest to `word`, where it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > COMPARED_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 1 + candidate.len() / 4 && *distance < candidate.len()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The largest character boundary of `text` that is no larger than `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
