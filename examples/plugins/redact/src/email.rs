//! E-mail addresses, in scripts that have upper and lower case: where others are written without blanks, an address would not
//! end before the words around it.

use crate::scan::Found;

/// Finds addresses: a name, an @, and a domain of two labels or more.
pub(crate) fn addresses(text: &str, found: &mut Vec<Found>) {
    // What comes before belongs to another address, or to none.
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        let before = text.get(from..at).unwrap_or_default();
        from = from.max(at + 1);
        let name = before
            .rfind(|character| !in_name(character))
            .map_or(before, |end| {
                let next = end + before[end..].chars().next().map_or(0, char::len_utf8);
                &before[next..]
            });
        let name = name.trim_start_matches('.');
        let domain = domain(&text[at + 1..]);
        if !name.is_empty() && domain > 0 {
            from = at + 1 + domain;
            found.push(Found {
                place: at - name.len()..from,
                what: "email",
            });
        }
    }
}

/// Letters that are part of a word, with accents that stand by themselves, and digits.
fn in_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || character.is_lowercase()
        || character.is_uppercase()
        || ('\u{300}'..='\u{36f}').contains(&character)
}

fn in_name(character: char) -> bool {
    in_word(character) || "._%+-'".contains(character)
}

/// How many bytes of the text are a domain: 0 where it does not begin with one.
fn domain(text: &str) -> usize {
    let end = text.find(|character: char| !in_word(character) && !".-".contains(character));
    let mut length = 0;
    let mut labels = 0;
    let mut last = "";
    for label in text[..end.unwrap_or(text.len())].split('.') {
        let named = label.trim_end_matches('-');
        if named.is_empty() || named.starts_with('-') {
            break;
        }
        length += named.len() + usize::from(labels > 0);
        labels += 1;
        last = named;
        if named != label {
            break;
        }
    }
    let is_name = last.chars().count() > 1 && last.chars().any(char::is_alphabetic);
    if labels > 1 && is_name { length } else { 0 }
}
