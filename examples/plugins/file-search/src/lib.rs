//! Finds lines in the files of one folder. Which folder that is, only the operator knows: the plugin sees it as `/files`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_guest_sdk::prelude::*;

/// Where the manifest puts the folder.
const FILES: &str = "/files";

/// The most lines that are found, as no answer should be longer.
const MOST_LINES: usize = 100;

/// The largest file that is read: what is larger is no text for people.
const LARGEST_FILE: u64 = 4 << 20;

/// A line that holds the text.
#[plugin_type]
#[derive(Debug, PartialEq)]
struct Line {
    /// The file, from the folder on.
    file: String,
    /// The line's number, from 1.
    number: usize,
    /// The line.
    text: String,
}

/// Finds the lines that hold a text, in all files of the folder and its folders: at most 100.
#[plugin_tool(read_only)]
fn search(
    /// What to look for; upper and lower case are the same.
    text: String,
    /// Only in files whose names end like this, such as `.md`.
    #[arg(default)]
    suffix: String,
) -> Result<Vec<Line>, ToolError> {
    if text.is_empty() {
        return Err(ToolError::invalid_arguments(
            "there is nothing to look for; give a text",
        ));
    }
    let root = Path::new(FILES);
    let found = search_in(root, &text.to_lowercase(), &suffix);
    found.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            ToolError::denied("this plugin was given no folder; its operator can bind one")
        }
        _ => error.into(),
    })
}

fn search_in(root: &Path, text: &str, suffix: &str) -> io::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for path in files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        let name = name.to_string_lossy().into_owned();
        if !name.ends_with(suffix) || fs::metadata(&path)?.len() > LARGEST_FILE {
            continue;
        }
        let content = fs::read(&path)?;
        // Nor is what is no UTF-8 a text for people.
        let content = str::from_utf8(&content).unwrap_or_default();
        for (at, line) in content.lines().enumerate() {
            if line.to_lowercase().contains(text) {
                lines.push(Line {
                    file: name.clone(),
                    number: at + 1,
                    text: line.to_owned(),
                });
            }
            if lines.len() == MOST_LINES {
                return Ok(lines);
            }
        }
    }
    Ok(lines)
}

/// All files under `root`, in the order of their names. Links are not followed.
fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str, suffix: &str) -> Vec<Line> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        search_in(folder, text, suffix).unwrap()
    }

    #[test]
    fn lines_are_found_with_their_files_and_numbers() {
        let description = Line {
            file: "plugin.toml".into(),
            number: 4,
            text: r#"description = "Finds lines in the files of one folder.""#.into(),
        };
        assert_eq!(sources("finds lines", ".toml"), [description]);
        assert!(
            sources("fn search", "")
                .iter()
                .any(|line| line.file == "src/lib.rs")
        );
    }

    #[test]
    fn what_is_nowhere_is_not_found() {
        assert_eq!(sources(&"z".repeat(9), ".toml"), []);
        assert_eq!(sources("finds", ".none"), []);
    }

    #[test]
    fn an_answer_has_an_end() {
        assert_eq!(sources(" ", "").len(), MOST_LINES);
    }

    #[test]
    fn no_text_is_no_search() {
        let error = search(String::new(), String::new()).unwrap_err();
        assert_eq!(error.code, "invalid-arguments");
    }
}
