//! Reading a trail: all files of a folder, in the order of time.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::iter::{Flatten, Peekable};
use std::path::Path;
use std::time::SystemTime;
use std::vec;

use portcullis_host_policy::audit::{AuditRecord, Verdict};
use portcullis_host_policy::decision::DenyCode;

use super::append::{FILES, lock_file, path};
use super::{AuditLine, TRAILS};

/// Which records are wanted: those that fit all that is said here.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditFilter {
    /// The plugin's id, or its identity.
    pub plugin: Option<String>,
    /// What was decided.
    pub decision: Option<Verdict>,
    /// Why it was denied.
    pub code: Option<DenyCode>,
    /// The word that the capability starts with, or `lookup`.
    pub capability: Option<String>,
    /// The call.
    pub call: Option<String>,
    /// The earliest time.
    pub since: Option<SystemTime>,
}

impl AuditFilter {
    /// Whether a line is wanted. That records are missing is always wanted, if it may be wanted ones.
    pub fn wants(&self, line: &AuditLine) -> bool {
        let in_time = self.since.is_none_or(|since| line.time() >= since);
        in_time
            && match line {
                AuditLine::Record(record) => self.wants_record(record),
                AuditLine::Dropped(dropped) => {
                    self.decision
                        .is_none_or(|wanted| dropped.decision == wanted)
                        && (self.code.is_none() || dropped.decision == Verdict::Deny)
                }
            }
    }

    fn wants_record(&self, record: &AuditRecord) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let plugin =
            is(&self.plugin, &record.plugin) || is(&self.plugin, &record.identity.to_string());
        plugin
            && self.decision.is_none_or(|wanted| record.decision == wanted)
            && (self.code.is_none() || self.code == record.code)
            && is(&self.capability, &record.capability)
            && (self.call.is_none() || self.call == record.call)
    }
}

/// The lines of a trail, the oldest first.
///
/// What is no line of a trail is passed over: the end of one that a crash tore, and what a later version may have written.
pub struct AuditReader {
    trails: Vec<Peekable<Lines>>,
    filter: AuditFilter,
}

impl AuditReader {
    /// Opens what is in `folder` now. A folder that is not there holds nothing.
    ///
    /// # Errors
    /// When there is something that can't be opened.
    pub fn open(folder: &Path, filter: AuditFilter) -> io::Result<Self> {
        if !folder.is_dir() {
            return Ok(Self {
                trails: Vec::new(),
                filter,
            });
        }
        // No file may move on while they are opened, or one would be read twice and another not at all.
        let lock = lock_file(folder)?;
        lock.lock_shared()?;
        let mut trails = Vec::new();
        for (_, name) in TRAILS {
            let mut files = Vec::new();
            for number in (0..FILES).rev() {
                match File::open(path(folder, name, number)) {
                    Ok(file) => files.push(FileLines(BufReader::new(file))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            trails.push(files.into_iter().flatten().peekable());
        }
        Ok(Self { trails, filter })
    }
}

impl Iterator for AuditReader {
    type Item = io::Result<AuditLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let time = |trail: &mut Peekable<Lines>| match trail.peek()? {
                Ok(line) => Some(line.time()),
                // An error is told at once.
                Err(_) => Some(SystemTime::UNIX_EPOCH),
            };
            let times = self.trails.iter_mut().enumerate();
            let (_, next) = times
                .filter_map(|(at, trail)| Some((time(trail)?, at)))
                .min()?;
            match self.trails[next].next()? {
                Ok(line) if !self.filter.wants(&line) => {}
                line => return Some(line),
            }
        }
    }
}

type Lines = Flatten<vec::IntoIter<FileLines>>;

/// The lines of one file.
struct FileLines(BufReader<File>);

impl Iterator for FileLines {
    type Item = io::Result<AuditLine>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match self.0.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            if let Some(line) = parse(&bytes) {
                return Some(Ok(line));
            }
        }
    }
}

/// The line that these bytes are, if they are a whole one.
pub(super) fn parse(bytes: &[u8]) -> Option<AuditLine> {
    serde_json::from_slice(bytes.strip_suffix(b"\n")?).ok()
}
