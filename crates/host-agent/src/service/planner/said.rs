//! What a planner said before it failed, as far as a plugin may read it.

use portcullis_host_policy::escape;

/// The last lines that are repeated: an error is one or two.
const LINES: usize = 3;

/// The most that is repeated, in characters.
const CHARACTERS: usize = 400;

/// The last lines of its errors, or of its output where it wrote no errors: without the indented ones, which are a stack trace's,
/// and without the folders that are in them, which are the host's own affair.
pub(super) fn last_words(errors: &[u8], output: &[u8]) -> String {
    let said = [errors, output]
        .map(lines)
        .into_iter()
        .find(|said| !said.is_empty());
    said.unwrap_or_else(|| "it said nothing".to_owned())
}

fn lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with([' ', '\t']));
    let mut last: Vec<&str> = lines.rev().take(LINES).collect();
    last.reverse();
    let said: String = without_folders(&last.join("; "))
        .chars()
        .take(CHARACTERS)
        .collect();
    escape::line(&said)
}

/// Leaves of each path that starts at the root only its last part.
fn without_folders(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, path) = rest.split_at(at);
        let starts_here = before
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric() && !"._-".contains(c));
        let end = path
            .find(|c: char| c.is_whitespace() || "\"'`,;:()<>[]{}".contains(c))
            .unwrap_or(path.len());
        let (path, after) = path.split_at(end);
        kept.push_str(before);
        kept.push_str(match path.rsplit_once('/') {
            Some((_, name)) if starts_here => name,
            _ => path,
        });
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_repeated_without_stack_traces_and_folders() {
        let errors = b"Traceback (most recent call last):\n  File \"/opt/planner/x.py\", line 3\n    raise\n\
            ParseError: /tmp/portcullis-planner-x/problem.pddl:3: ')' is missing\n";
        assert_eq!(
            last_words(errors, b"much else"),
            "Traceback (most recent call last):; ParseError: problem.pddl:3: ')' is missing"
        );
    }

    #[test]
    fn output_counts_where_there_are_no_errors() {
        assert_eq!(
            last_words(b"\n", b"1\n2\n3\n4 and/or 5\n"),
            "2; 3; 4 and/or 5"
        );
        assert_eq!(last_words(b"", b""), "it said nothing");
    }

    #[test]
    fn what_is_repeated_is_short_and_harmless() {
        let long = "\u{1b}[2J".repeat(1000);
        let said = last_words(long.as_bytes(), b"");
        assert!(said.chars().count() < 12 * CHARACTERS);
        assert!(!said.contains('\u{1b}'));
    }
}
