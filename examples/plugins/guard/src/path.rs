//! Whether a text names something outside of the working folder.

/// What ends a word in a command line: blanks, quotes, and what stands between commands, files and values.
const BETWEEN: &[char] = &['"', '\'', '`', ';', '|', '&', '<', '>', '(', ')', '=', ','];

/// The first word of a text that is a path out of the working folder: an absolute one, a person's home, a variable of the
/// shell's, or one with a `..`.
pub(crate) fn outside(text: &str) -> Option<&str> {
    let is_between = |character: char| character.is_whitespace() || BETWEEN.contains(&character);
    text.split(is_between).find(|word| leads_out(word))
}

fn leads_out(word: &str) -> bool {
    let word = word.strip_prefix("file:").unwrap_or(word);
    // Another server's files are not this folder's.
    if word.contains("://") {
        return false;
    }
    let drive = word.as_bytes().get(1) == Some(&b':');
    drive
        || word.starts_with(['/', '\\', '~', '$'])
        || word.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn paths_that_lead_out_are_found_in_commands_too() {
        for (text, found) in [
            ("/etc/passwd", "/etc/passwd"),
            ("notes/../../secrets", "notes/../../secrets"),
            ("..", ".."),
            ("~/.ssh/id_ed25519", "~/.ssh/id_ed25519"),
            (r"..\secrets", r"..\secrets"),
            (r"C:\Windows", r"C:\Windows"),
            ("file:///etc/hosts", "file:///etc/hosts"),
            ("rm -rf '/etc/nginx'", "/etc/nginx"),
            ("cat a.txt>/dev/sda", "/dev/sda"),
            ("tool --config=/etc/tool.toml", "/etc/tool.toml"),
            ("rm -rf $HOME", "$HOME"),
        ] {
            assert_eq!(outside(text), Some(found), "{text}");
        }
    }

    #[test]
    fn paths_within_and_other_texts_are_not() {
        for text in [
            "",
            ".",
            "notes/a.txt",
            "./notes",
            "a..b",
            "cat notes/*.md | wc -l",
            "curl https://example.com/etc/hosts",
            "Either or. And so on …",
        ] {
            assert_eq!(outside(text), None, "{text}");
        }
    }
}
