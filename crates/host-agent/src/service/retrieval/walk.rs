//! The text files below a folder. Each step is taken from the folder that was opened before it and follows no link, so that a
//! plugin that may write there can't lead out of it.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, openat};

/// The largest file that is read, in bytes: a book. What is larger is data.
const FILE_BYTES: u64 = 1 << 20;

/// All text of a corpus, in bytes: it lies in memory some three times over.
const TEXT_BYTES: u64 = 64 << 20;

/// The files of a corpus: each is looked at again before searches.
const FILES: usize = 10_000;

/// The entries of folders that are looked at for them.
const ENTRIES: usize = 50_000;

/// Folders within folders: each holds one file descriptor open, and people's are not so deep.
const DEPTH: usize = 32;

/// How much of a file is looked at to tell that it is no text.
const SNIFFED: u64 = 8192;

/// What tells whether a file is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A file as it was seen last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    stamp: Stamp,
    /// The bytes of its text; 0 where it is none.
    text: u64,
}

/// What a walk found.
#[derive(Default)]
pub(super) struct Found {
    /// All files, by their path within the corpus.
    pub(super) files: BTreeMap<String, Known>,
    /// The new and the changed ones, and their text where they are text.
    pub(super) changed: Vec<(String, Option<String>)>,
    /// A limit was met: there may be more.
    pub(super) cut_short: bool,
}

/// Looks for files again, and at those that are not as they are known.
pub(super) struct Walk<'a> {
    known: &'a BTreeMap<String, Known>,
    found: Found,
    entries: usize,
    text: u64,
    /// No file is looked at any more: reading what is left out anyway could take for ever.
    full: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(known: &'a BTreeMap<String, Known>) -> Self {
        Self {
            known,
            found: Found::default(),
            entries: 0,
            text: 0,
            full: false,
        }
    }

    /// Walks through a folder of the operator's; paths start with `prefix`.
    ///
    /// # Errors
    /// Where the folder itself can't be read. What can't be read in it is left out.
    pub(super) fn root(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        let folder = openat(
            CWD,
            folder,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        self.folder(folder, prefix, 0)
    }

    pub(super) fn end(self) -> Found {
        self.found
    }

    fn folder(&mut self, folder: impl AsFd, prefix: &str, depth: usize) -> io::Result<()> {
        for name in self.names(&folder)? {
            if self.full {
                break;
            }
            let Ok(text) = name.to_str() else {
                continue;
            };
            let path = format!("{prefix}{text}");
            let step = OFlags::RDONLY
                | OFlags::NOFOLLOW
                | OFlags::NONBLOCK
                | OFlags::NOCTTY
                | OFlags::CLOEXEC;
            let opened = openat(&folder, &name, step, Mode::empty()).map(File::from);
            let looked_at = opened.map_err(io::Error::from).and_then(|file| {
                let metadata = file.metadata()?;
                if metadata.is_file() {
                    self.file(file, &metadata, path)
                } else if metadata.is_dir() && depth < DEPTH {
                    self.folder(file, &format!("{path}/"), depth + 1)
                } else {
                    Ok(())
                }
            });
            if let Err(error) = looked_at {
                tracing::debug!(prefix, name = text, %error, "left out of a corpus");
            }
        }
        Ok(())
    }

    /// The names in a folder that may be looked at, in order, so that limits always leave out the same.
    fn names(&mut self, folder: impl AsFd) -> io::Result<Vec<CString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            if entry.file_name().to_bytes().starts_with(b".") {
                continue;
            }
            if self.entries == ENTRIES {
                self.found.cut_short = true;
                break;
            }
            self.entries += 1;
            if matches!(
                entry.file_type(),
                FileType::RegularFile | FileType::Directory | FileType::Unknown
            ) {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn file(&mut self, file: File, metadata: &Metadata, path: String) -> io::Result<()> {
        if metadata.size() > FILE_BYTES {
            return Ok(());
        }
        let stamp = Stamp::of(metadata);
        let same = self.known.get(&path).filter(|known| known.stamp == stamp);
        let read = match same {
            Some(_) => None,
            None => Some(text_of(file)?),
        };
        let text = match (same, &read) {
            (Some(known), _) => known.text,
            (None, Some(Some(text))) => text.len() as u64,
            (None, _) => 0,
        };
        if self.found.files.len() == FILES || self.text + text > TEXT_BYTES {
            self.found.cut_short = true;
            self.full = true;
            return Ok(());
        }
        self.text += text;
        if let Some(text) = read {
            self.found.changed.push((path.clone(), text));
        }
        self.found.files.insert(path, Known { stamp, text });
        Ok(())
    }
}

/// A file's text. None where it is none, or has grown too large.
fn text_of(mut file: File) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    file.by_ref().take(SNIFFED).read_to_end(&mut bytes)?;
    if bytes.contains(&0) {
        return Ok(None);
    }
    let rest = FILE_BYTES + 1 - bytes.len() as u64;
    file.take(rest).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES || bytes.contains(&0) {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).ok();
    Ok(text.map(|text| match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn walk(folder: &Path, known: &BTreeMap<String, Known>) -> Found {
        let mut walk = Walk::new(known);
        walk.root(folder, "").unwrap();
        walk.end()
    }

    #[test]
    fn what_is_known_and_the_same_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "apple").unwrap();
        fs::write(folder.path().join("b"), b"\0").unwrap();
        let first = walk(folder.path(), &BTreeMap::new());
        let changed = [
            ("a".to_owned(), Some("apple".to_owned())),
            ("b".to_owned(), None),
        ];
        assert_eq!(first.changed, changed);
        fs::write(folder.path().join("c"), "cherry").unwrap();
        let second = walk(folder.path(), &first.files);
        assert_eq!(
            second.changed,
            [("c".to_owned(), Some("cherry".to_owned()))]
        );
        assert_eq!(second.files.len(), 3);
        assert!(!second.cut_short);
    }

    #[test]
    fn only_so_many_files_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=FILES {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        let found = walk(folder.path(), &BTreeMap::new());
        assert!(found.cut_short);
        assert_eq!(found.files.len(), FILES);
    }

    #[test]
    fn only_so_much_text_is_taken_and_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let text = "x".repeat(FILE_BYTES as usize);
        for letter in 'a'..='z' {
            for digit in 0..3 {
                fs::write(folder.path().join(format!("{letter}{digit}")), &text).unwrap();
            }
        }
        let found = walk(folder.path(), &BTreeMap::new());
        assert!(found.cut_short);
        assert_eq!(found.files.len() as u64, TEXT_BYTES / FILE_BYTES);
        assert_eq!(found.files.keys().next_back().unwrap(), "v0");
        assert!(walk(folder.path(), &found.files).changed.is_empty());
    }
}
