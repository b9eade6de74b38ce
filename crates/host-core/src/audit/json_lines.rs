//! The sink that writes files: records are queued, and a thread of its own writes them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use std::{io, thread};

use portcullis_host_policy::audit::{AuditRecord, DroppedRecords, Verdict};

use super::append::{Appender, FILE_BYTES};
use super::queue::{Batch, Queue};
use super::{AuditLine, AuditSink, TRAILS};
use crate::mac::MacKey;
use crate::private::{make_private, user_folder};

/// How long [`JsonLines::flush`] waits for a disk. A trail on one that hangs must not hold up the end of the program for good.
const FLUSH_TIME: Duration = Duration::from_secs(5);

/// Appends records as JSON, one to a line, to files in a folder that is this user's alone: `allow.jsonl` and `deny.jsonl`,
/// and older ones with a number. Several processes may share the folder.
///
/// A record is queued and written by a thread, so that no call waits for a disk. What the queue has no room for, or can't be
/// written, is dropped and counted, and a line says how much is missing. Equal denials within a second are one line with a
/// count. Allowances have room of their own, in the queue as on the disk.
pub struct JsonLines {
    shared: Arc<Shared>,
    folder: PathBuf,
    key: OnceLock<Option<MacKey>>,
}

struct Shared {
    desk: Mutex<Desk>,
    /// Something is to be done.
    wake: Condvar,
    /// A flush is done.
    flushed: Condvar,
    dropped: AtomicU64,
}

/// What calls and the writer hand over to each other.
#[derive(Default)]
struct Desk {
    queue: Queue,
    writer: Option<JoinHandle<()>>,
    flushes_asked: u64,
    flushes_done: u64,
    closing: bool,
}

impl JsonLines {
    /// A sink for `folder`, which is not touched before the first record.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            shared: Arc::new(Shared {
                desk: Mutex::default(),
                wake: Condvar::new(),
                flushed: Condvar::new(),
                dropped: AtomicU64::new(0),
            }),
            folder: folder.into(),
            key: OnceLock::new(),
        }
    }

    /// The same for a folder that is made where it is missing, and checked.
    ///
    /// # Errors
    /// When the folder is not this user's alone, or can't be made.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let sink = Self::new(folder);
        make_private(&sink.folder)?;
        Ok(sink)
    }

    /// Where a host writes that is told nothing else; none where no home folder is known.
    pub fn default_folder() -> Option<PathBuf> {
        user_folder("XDG_STATE_HOME", ".local/state", "audit")
    }

    /// Where it writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A digest of arguments or a body under a key that never leaves the folder: who reads the trail can tell whether two
    /// were equal, and can't guess what they were. None where the key can't be read or made.
    pub fn keyed_digest(&self, content: &[u8]) -> Option<String> {
        let key = self.key.get_or_init(|| {
            make_private(&self.folder)
                .and_then(|()| MacKey::read_or_make(&self.folder.join("digest.key")))
                .inspect_err(|error| {
                    tracing::warn!(folder = %self.folder.display(), %error, "no digests in the audit trail");
                })
                .ok()
        });
        let code = key.as_ref()?.sign(&[content]);
        Some(code.iter().fold("hmac-sha256:".to_owned(), |text, byte| {
            text + &format!("{byte:02x}")
        }))
    }

    /// The desk, with a writer at it.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        let mut desk = self.shared.desk();
        if desk.writer.is_none() {
            let (shared, folder) = (Arc::clone(&self.shared), self.folder.clone());
            let writer = thread::Builder::new().name("portcullis-audit".to_owned());
            // Without a thread, the queue fills and what is dropped is counted; the next record tries again.
            desk.writer = writer.spawn(move || shared.write(&folder)).ok();
        }
        desk
    }
}

impl AuditSink for JsonLines {
    fn record(&self, record: AuditRecord) {
        let dropped = self.desk().queue.push(record, Instant::now());
        self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
        self.shared.wake.notify_one();
    }

    fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    fn flush(&self) {
        let mut desk = self.shared.desk();
        if desk.writer.is_none() {
            return;
        }
        desk.flushes_asked += 1;
        let asked = desk.flushes_asked;
        self.shared.wake.notify_one();
        let unfinished = |desk: &mut Desk| desk.flushes_done < asked;
        // Past the time, or without a writer, there is nothing more to wait for.
        let _ = self
            .shared
            .flushed
            .wait_timeout_while(desk, FLUSH_TIME, unfinished);
    }
}

impl Drop for JsonLines {
    fn drop(&mut self) {
        self.flush();
        let mut desk = self.shared.desk();
        desk.closing = true;
        self.shared.wake.notify_one();
    }
}

impl fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("folder", &self.folder)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer's life.
    fn write(&self, folder: &Path) {
        let mut files = Files::new(folder);
        loop {
            let mut desk = self.wait();
            let (closing, asked) = (desk.closing, desk.flushes_asked);
            let all = closing || asked > desk.flushes_done;
            let (batch, dropped) = desk.queue.take(Instant::now(), all);
            drop(desk);
            let lost = files.write(batch);
            self.dropped.fetch_add(dropped + lost, Ordering::Relaxed);
            self.desk().flushes_done = asked;
            self.flushed.notify_all();
            if closing {
                return;
            }
        }
    }

    /// Waits until there is something to write, or to end.
    fn wait(&self) -> MutexGuard<'_, Desk> {
        let mut desk = self.desk();
        loop {
            let now = Instant::now();
            let due = desk.queue.due();
            if desk.closing
                || desk.flushes_asked > desk.flushes_done
                || desk.queue.has_waiting()
                || due.is_some_and(|due| due <= now)
            {
                return desk;
            }
            desk = match due {
                Some(due) => {
                    let waited = self.wake.wait_timeout(desk, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.wake.wait(desk).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// The two files, and what is missing in them so far without being told.
struct Files {
    folder: PathBuf,
    trails: [Trail; 2],
    warned: bool,
}

struct Trail {
    decision: Verdict,
    file: Appender,
    missing: u64,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            trails: TRAILS.map(|(decision, name)| Trail {
                decision,
                file: Appender::new(folder.to_owned(), name, FILE_BYTES),
                missing: 0,
            }),
            warned: false,
        }
    }

    /// Writes a batch. Gives how many records could not be.
    fn write(&mut self, batch: Batch) -> u64 {
        let [allowances, denials] = &mut self.trails;
        let results = [
            allowances.write(batch.allowances, batch.dropped_allowances),
            denials.write(batch.denials, batch.dropped_denials),
        ];
        let mut lost = 0;
        for (records, error) in results.into_iter().filter_map(Result::err) {
            lost += records;
            if !self.warned {
                tracing::warn!(folder = %self.folder.display(), %error, "can't write the audit trail: records are dropped");
                self.warned = true;
            }
        }
        lost
    }
}

impl Trail {
    /// Appends the records, after a line for those that are missing.
    ///
    /// # Errors
    /// How many records were lost, and why.
    fn write(&mut self, records: Vec<AuditRecord>, dropped: u64) -> Result<(), (u64, io::Error)> {
        self.missing += dropped;
        if records.is_empty() && self.missing == 0 {
            return Ok(());
        }
        let count = records.iter().map(|record| record.count).sum::<u64>();
        let gap = (self.missing > 0).then(|| {
            AuditLine::Dropped(DroppedRecords {
                time: SystemTime::now(),
                decision: self.decision,
                dropped: self.missing,
            })
        });
        let mut lines = Vec::new();
        let records = records
            .into_iter()
            .map(|record| AuditLine::Record(Box::new(record)));
        for line in gap.into_iter().chain(records) {
            // Into memory, and of types that can always be written.
            let _ = serde_json::to_writer(&mut lines, &line);
            lines.push(b'\n');
        }
        match self.file.append(&lines) {
            Ok(()) => {
                self.missing = 0;
                Ok(())
            }
            Err(error) => {
                self.missing += count;
                Err((count, error))
            }
        }
    }
}
