//! One file of lines that several processes may append to, moved aside when it is full.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::LOCK;
use crate::private::{self, make_private};

/// One file. At some 500 bytes a record it holds fifteen thousand of them, and opens at once in an editor.
pub(super) const FILE_BYTES: u64 = 8 * 1024 * 1024;

/// Files of a trail, the one that is written to among them: 64 MiB each of allowances and denials.
pub(super) const FILES: usize = 8;

/// Appends whole lines to `NAME.jsonl` in a folder.
pub(super) struct Appender {
    folder: PathBuf,
    name: &'static str,
    file: Option<File>,
    full: u64,
}

impl Appender {
    pub(super) fn new(folder: PathBuf, name: &'static str, full: u64) -> Self {
        Self {
            folder,
            name,
            file: None,
            full,
        }
    }

    /// Appends `lines`, each ended by a line feed, with one write: other processes' lines come before or after it.
    ///
    /// # Errors
    /// When they are not, or not all, in the file.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.ready().and_then(|file| file.write_all(lines));
        if written.is_err() {
            // What is torn is ended when the file is opened again.
            self.file = None;
        }
        written
    }

    /// The file that has the name now and is not full.
    fn ready(&mut self) -> io::Result<&mut File> {
        let path = path(&self.folder, self.name, 0);
        let mut file = match self.file.take() {
            Some(file) if private::is_at(&file, &path) => file,
            _ => open(&self.folder, &path)?,
        };
        if file.metadata()?.len() >= self.full {
            self.rotate(&file, &path)?;
            file = open(&self.folder, &path)?;
        }
        Ok(self.file.insert(file))
    }

    /// Moves the files on by one, unless another process just did.
    fn rotate(&self, file: &File, path: &Path) -> io::Result<()> {
        let lock = lock_file(&self.folder)?;
        lock.lock()?;
        if !private::is_at(file, path) {
            return Ok(());
        }
        for number in (0..FILES - 1).rev() {
            let (from, to) = (
                self::path(&self.folder, self.name, number),
                self::path(&self.folder, self.name, number + 1),
            );
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The file of a trail that was moved on so many times.
pub(super) fn path(folder: &Path, name: &str, number: usize) -> PathBuf {
    match number {
        0 => folder.join(format!("{name}.jsonl")),
        _ => folder.join(format!("{name}.{number}.jsonl")),
    }
}

/// What is locked while files are renamed. It goes with its handle, and with the process.
pub(super) fn lock_file(folder: &Path) -> io::Result<File> {
    private_options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    make_private(folder)?;
    let mut file = private_options()
        .create(true)
        .read(true)
        .append(true)
        .open(path)?;
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options
}
