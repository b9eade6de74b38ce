//! Following a trail while it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::append::path;
use super::read::parse;
use super::{AuditFilter, AuditLine, TRAILS};
use crate::private;

/// What is added to a trail from now on.
pub struct AuditTail {
    trails: Vec<Trail>,
    filter: AuditFilter,
}

struct Trail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl AuditTail {
    /// Begins at the end of what is in `folder` now, which need not be there yet.
    ///
    /// # Errors
    /// When there is something that can't be opened.
    pub fn new(folder: &Path, filter: AuditFilter) -> io::Result<Self> {
        let mut trails = Vec::new();
        for (_, name) in TRAILS {
            let path = path(folder, name, 0);
            let mut file = open(&path)?;
            if let Some(file) = &mut file {
                file.seek(SeekFrom::End(0))?;
            }
            trails.push(Trail {
                path,
                file,
                begun: Vec::new(),
            });
        }
        Ok(Self { trails, filter })
    }

    /// What was added since the last time.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn poll(&mut self) -> io::Result<Vec<AuditLine>> {
        let mut lines = Vec::new();
        for trail in &mut self.trails {
            trail.poll(&mut lines)?;
        }
        lines.retain(|line| self.filter.wants(line));
        lines.sort_by_key(AuditLine::time);
        Ok(lines)
    }
}

impl Trail {
    fn poll(&mut self, lines: &mut Vec<AuditLine>) -> io::Result<()> {
        let moved = match &self.file {
            Some(file) => !private::is_at(file, &self.path),
            None => true,
        };
        // The file that was moved on is read to its end first: it may have grown until then.
        self.read(lines)?;
        if moved {
            self.file = open(&self.path)?;
            self.begun.clear();
            self.read(lines)?;
        }
        Ok(())
    }

    fn read(&mut self, lines: &mut Vec<AuditLine>) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.read_to_end(&mut self.begun)?;
        }
        let whole = self
            .begun
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        lines.extend(
            self.begun[..whole]
                .split_inclusive(|byte| *byte == b'\n')
                .filter_map(parse),
        );
        self.begun.drain(..whole);
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}
