//! Listing a folder, no further than the call's limit on entries.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Dir, FileType, statat};

/// What was found in a folder, and why that may not be all.
pub(super) struct Listing {
    pub(super) entries: Vec<(String, FileType)>,
    pub(super) end: End,
}

/// How a listing ended.
pub(super) enum End {
    Whole,
    /// The call has read as many entries as it may.
    OverLimit,
    /// A name is not UTF-8.
    IllegalName,
    Failed(io::Error),
}

/// Lists `folder`, taking each entry from those that are `left`. The kernel's order is kept.
pub(super) fn list(folder: &File, left: &AtomicU64) -> Listing {
    let mut entries = Vec::new();
    let end = read(folder, left, &mut entries).unwrap_or_else(End::Failed);
    Listing { entries, end }
}

fn read(folder: &File, left: &AtomicU64, entries: &mut Vec<(String, FileType)>) -> io::Result<End> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            return Ok(End::IllegalName);
        };
        if matches!(name, "." | "..") {
            continue;
        }
        let less = |left: u64| left.checked_sub(1);
        if left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_err()
        {
            return Ok(End::OverLimit);
        }
        let kind = match entry.file_type() {
            // Some file systems don't say.
            FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| {
                    FileType::from_raw_mode(stat.st_mode)
                }),
            known => known,
        };
        entries.push((name.to_owned(), kind));
    }
    Ok(End::Whole)
}
