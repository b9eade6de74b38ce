//! One identity's file: opened, verified, used and closed at each use.
//!
//! redb keeps what was committed over a crash, and trusts what it finds on the disk. So each entry carries a checksum, and a
//! tally of all of them says what there must be: damage is seen before anything is answered.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portcullis_host_policy::Identity;
use redb::{
    Builder, Database, DatabaseError, ReadOnlyDatabase, ReadOnlyTable, ReadTransaction,
    ReadableDatabase, ReadableTable, Table, TableDefinition,
};
use sha2::{Digest as _, Sha256};

use super::{StateEntry, StateError, StateWrite, size};
use crate::private::make_private;

/// How long to wait for another process before the next try.
const PAUSE: Duration = Duration::from_millis(3);

/// Memory for pages. The default quota fits; what is larger is read again.
const PAGES: usize = 4 * 1024 * 1024;

/// A version, a checksum and a value by their key.
const ENTRIES: TableDefinition<'_, Key, Value> = TableDefinition::new("entries");

/// One row: a [`Tally`] and its checksum.
const TALLY: TableDefinition<'_, (), Row> = TableDefinition::new("tally");

/// A file with one identity's state, which may not be there yet.
pub(super) struct StateFile {
    folder: PathBuf,
    path: PathBuf,
    wait: Duration,
}

/// What all entries come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    entries: u64,
    bytes: u64,
    /// The sum of the checksums, whatever the order.
    sum: u64,
    last_version: u64,
}

/// Why the work with an open file ended.
enum Failure {
    State(StateError),
    Redb(redb::Error),
    Damage(&'static str),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

type Key = &'static str;
type Value = (u64, u64, &'static [u8]);

/// A tally's fields and their checksum.
type Row = (u64, u64, u64, u64, u64);

impl StateFile {
    pub(super) fn new(folder: &Path, owner: Identity, wait: Duration) -> Self {
        let name = owner.to_string().replace(':', "-");
        Self {
            folder: folder.to_owned(),
            path: folder.join(name + ".redb"),
            wait,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<StateEntry>, StateError> {
        self.read(|entries| {
            let found = entries.get(key)?;
            Ok(found.map(|entry| {
                let (version, _, value) = entry.value();
                StateEntry {
                    value: value.to_owned(),
                    version: version.to_string(),
                }
            }))
        })
    }

    pub(super) fn keys(&self, prefix: &str, limit: u32) -> Result<Vec<String>, StateError> {
        self.read(|entries| {
            let mut keys = Vec::new();
            for entry in entries.range::<&str>(prefix..)?.take(limit as usize) {
                let (key, _) = entry?;
                if !key.value().starts_with(prefix) {
                    break;
                }
                keys.push(key.value().to_owned());
            }
            Ok(keys)
        })
    }

    pub(super) fn set(&self, write: &StateWrite) -> Result<String, StateError> {
        if !self.exists()? {
            // Nothing is made for a write that can't be.
            write.admitted(None, 0)?;
            self.make()?;
        }
        self.write(|entries, tally| {
            let present = entries.get(&*write.key)?;
            let present = present.map(|entry| {
                let (version, sum, value) = entry.value();
                (version, size(&write.key, value), sum)
            });
            let replaced = present.map(|(version, size, _)| (version, size));
            let bytes = write
                .admitted(replaced, tally.bytes)
                .map_err(Failure::State)?;
            let version = tally.last_version + 1;
            let sum = checksum(&write.key, version, &write.value);
            entries.insert(&*write.key, (version, sum, &*write.value))?;
            let old = present.map_or(0, |(_, _, sum)| sum);
            *tally = Tally {
                entries: tally.entries + u64::from(present.is_none()),
                bytes,
                sum: tally.sum.wrapping_sub(old).wrapping_add(sum),
                last_version: version,
            };
            Ok(version.to_string())
        })
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), StateError> {
        if !self.exists()? {
            return Ok(());
        }
        self.write(|entries, tally| {
            if let Some(entry) = entries.remove(key)? {
                let (_, sum, value) = entry.value();
                tally.entries -= 1;
                tally.bytes -= size(key, value);
                tally.sum = tally.sum.wrapping_sub(sum);
            }
            Ok(())
        })
    }

    fn exists(&self) -> Result<bool, StateError> {
        match self.path.symlink_metadata() {
            Ok(_) => make_private(&self.folder).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
        .map_err(|error| self.unavailable(&error))
    }

    /// Makes an empty file under another name and moves it into place: what has the name was whole once.
    fn make(&self) -> Result<(), StateError> {
        let made = || -> io::Result<()> {
            make_private(&self.folder)?;
            let new = tempfile::Builder::new()
                .prefix("new-")
                .tempfile_in(&self.folder)?;
            let begin = || -> Result<(), redb::Error> {
                let file = builder().create_file(new.reopen()?)?;
                let write = file.begin_write()?;
                write.open_table(ENTRIES)?;
                write
                    .open_table(TALLY)?
                    .insert((), Tally::default().row())?;
                Ok(write.commit()?)
            };
            begin().map_err(io::Error::other)?;
            match new.persist_noclobber(&self.path) {
                // Another process was first.
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error.error),
                Ok(_) => File::open(&self.folder)?.sync_all(),
            }
        };
        made().map_err(|error| self.unavailable(&error))
    }

    /// Reads what is there; where there is no file, nothing is.
    fn read<T: Default>(
        &self,
        work: impl FnOnce(&ReadOnlyTable<Key, Value>) -> Result<T, Failure>,
    ) -> Result<T, StateError> {
        if !self.exists()? {
            return Ok(T::default());
        }
        let file = self.open(|| match builder().open_read_only(&self.path) {
            // The last process that wrote was killed: redb puts things in order first, for which it has to write.
            Err(DatabaseError::RepairAborted) => builder().open(&self.path).map(Open::Alone),
            opened => opened.map(Open::Shared),
        })?;
        let read = || {
            let read = file.begin_read()?;
            let entries = read.open_table(ENTRIES)?;
            let row = read.open_table(TALLY)?.get(())?.map(|row| row.value());
            verify(&entries, row)?;
            work(&entries)
        };
        read().map_err(|failure| self.error(failure))
    }

    /// Changes what is there; all of it, on the disk when this returns, or nothing.
    fn write<T>(
        &self,
        work: impl FnOnce(&mut Table<'_, Key, Value>, &mut Tally) -> Result<T, Failure>,
    ) -> Result<T, StateError> {
        let file = self.open(|| builder().open(&self.path))?;
        let change = || {
            let write = file.begin_write()?;
            let worked = {
                let mut entries = write.open_table(ENTRIES)?;
                let mut rows = write.open_table(TALLY)?;
                let row = rows.get(())?.map(|row| row.value());
                let mut tally = verify(&entries, row)?;
                let worked = work(&mut entries, &mut tally)?;
                rows.insert((), tally.row())?;
                worked
            };
            write.commit()?;
            Ok(worked)
        };
        change().map_err(|failure| self.error(failure))
    }

    /// Opens the file, once no other process has it open.
    fn open<T>(&self, open: impl Fn() -> Result<T, DatabaseError>) -> Result<T, StateError> {
        let begun = Instant::now();
        loop {
            match open() {
                Err(DatabaseError::DatabaseAlreadyOpen) if begun.elapsed() < self.wait => {
                    sleep(PAUSE)
                }
                opened => return opened.map_err(|error| self.error(error.into())),
            }
        }
    }

    fn error(&self, failure: Failure) -> StateError {
        let reason = match failure {
            Failure::State(error) => return error,
            Failure::Damage(reason) => reason.to_owned(),
            Failure::Redb(redb::Error::DatabaseAlreadyOpen) => {
                let reason = "another process has been using it for too long";
                return self.unavailable(&io::Error::other(reason));
            }
            Failure::Redb(redb::Error::Io(error)) if !is_damage(&error) => {
                return self.unavailable(&error);
            }
            Failure::Redb(error) => error.to_string(),
        };
        StateError::Damaged {
            path: self.path.clone(),
            reason,
        }
    }

    fn unavailable(&self, error: &io::Error) -> StateError {
        StateError::Unavailable {
            place: self.path.display().to_string(),
            reason: error.to_string(),
        }
    }
}

/// A file that was opened for reading, or in full.
enum Open {
    Shared(ReadOnlyDatabase),
    Alone(Database),
}

impl Open {
    fn begin_read(&self) -> Result<ReadTransaction, redb::TransactionError> {
        match self {
            Self::Shared(file) => file.begin_read(),
            Self::Alone(file) => file.begin_read(),
        }
    }
}

impl Tally {
    fn row(self) -> Row {
        (
            self.entries,
            self.bytes,
            self.sum,
            self.last_version,
            self.checksum(),
        )
    }

    fn checksum(self) -> u64 {
        let fields = [self.entries, self.bytes, self.sum, self.last_version];
        start(Sha256::new().chain_update(fields.map(u64::to_le_bytes).as_flattened()))
    }
}

/// Goes through all entries: each must be what was written, and all must be there.
fn verify(entries: &impl ReadableTable<Key, Value>, row: Option<Row>) -> Result<Tally, Failure> {
    let (entries_written, bytes, sum, last_version, check) =
        row.ok_or(Failure::Damage("its tally is missing"))?;
    let written = Tally {
        entries: entries_written,
        bytes,
        sum,
        last_version,
    };
    let mut found = Tally {
        last_version,
        ..Tally::default()
    };
    for entry in entries.iter()? {
        let (key, entry) = entry?;
        let (key, (version, sum, value)) = (key.value(), entry.value());
        if sum != checksum(key, version, value) {
            return Err(Failure::Damage("an entry is not what was written"));
        }
        found.entries += 1;
        found.bytes += size(key, value);
        found.sum = found.sum.wrapping_add(sum);
    }
    if check != written.checksum() || found != written {
        return Err(Failure::Damage(
            "its entries are not those that were written",
        ));
    }
    Ok(written)
}

fn checksum(key: &str, version: u64, value: &[u8]) -> u64 {
    let hash = Sha256::new()
        .chain_update((key.len() as u64).to_le_bytes())
        .chain_update(key)
        .chain_update(version.to_le_bytes())
        .chain_update(value);
    start(hash)
}

/// The first bytes of a hash: against decay and mistakes, not against who can write to the folder.
fn start(hash: Sha256) -> u64 {
    let hash: [u8; 32] = hash.finalize().into();
    hash.iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(PAGES);
    builder
}

/// What redb says of a file that is none of its own, or is too short.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput
    )
}
