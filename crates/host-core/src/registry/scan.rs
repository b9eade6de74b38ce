//! What lies in the folders: names, sizes and times, without reading a file.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portcullis_host_policy::trust::TrustMode;

use super::PluginDir;
use crate::error::Error;

/// Most entries of a folder that are looked at: ten times what anybody was seen to have.
const MAX_ENTRIES: usize = 10_000;

/// Within this time a file can change again without that showing in its times.
const COARSEST_TIME: Duration = Duration::from_secs(2);

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Components, those of the first folder first, then by name.
    pub(super) files: Vec<Found>,
    /// What is wrong with the folders themselves.
    pub(super) faults: Vec<Fault>,
    /// Folders that could not be looked through: what was found in them before is still there, as far as anybody knows.
    pub(super) closed: HashSet<usize>,
    /// All folders that were looked through, for who watches them.
    pub(super) folders: Vec<PathBuf>,
    /// Where others can write, and signatures decide.
    pub(super) open: BTreeMap<PathBuf, &'static str>,
}

/// A component's file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Which of the folders it is in: the smaller one comes first.
    pub(super) rank: usize,
    pub(super) stamp: Stamp,
}

/// Something that can't be used, and no component says which plugin it is.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) path: PathBuf,
    pub(super) rank: usize,
    pub(super) error: Arc<Error>,
}

/// What tells, without reading them, whether a component and the files that belong to it are as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    component: FileStamp,
    signatures: Option<FileStamp>,
    manifest: Option<FileStamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    place: (u64, u64),
    bytes: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds; nobody can set it to what it was.
    changed: (i64, i64),
    /// It changed so shortly before that another change could look the same.
    fresh: bool,
}

impl Stamp {
    /// Whether the files are certainly those that `before` was taken of.
    pub(super) fn is_still(&self, before: &Self) -> bool {
        let stamps = [
            Some(&before.component),
            before.signatures.as_ref(),
            before.manifest.as_ref(),
        ];
        self == before && !stamps.into_iter().flatten().any(|stamp| stamp.fresh)
    }

    fn of(path: &Path, component: &Metadata, now: SystemTime) -> Self {
        let mut signatures = path.as_os_str().to_owned();
        signatures.push(".sig");
        let beside = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some(FileStamp::of(&metadata, now))
        };
        Self {
            component: FileStamp::of(component, now),
            signatures: beside(Path::new(&signatures)),
            manifest: beside(&path.with_extension("toml")),
        }
    }
}

impl FileStamp {
    fn of(metadata: &Metadata, now: SystemTime) -> Self {
        let modified = metadata.modified().ok();
        let mut stamp = Self {
            place: (0, 0),
            bytes: metadata.len(),
            modified,
            changed: (0, 0),
            fresh: is_fresh(modified, now),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            stamp.place = (metadata.dev(), metadata.ino());
            stamp.changed = (metadata.ctime(), metadata.ctime_nsec());
            let seconds = Duration::from_secs(metadata.ctime().try_into().unwrap_or(0));
            stamp.fresh |= is_fresh(SystemTime::UNIX_EPOCH.checked_add(seconds), now);
        }
        stamp
    }
}

fn is_fresh(time: Option<SystemTime>, now: SystemTime) -> bool {
    let age = time.and_then(|time| now.duration_since(time).ok());
    age.is_none_or(|age| age < COARSEST_TIME)
}

/// Looks through all folders.
pub(super) fn scan(dirs: &[PluginDir], mode: TrustMode) -> Scan {
    let mut scan = Scan::default();
    for (rank, dir) in dirs.iter().enumerate() {
        let mut walk = Walk {
            scan: &mut scan,
            rank,
            mode,
            now: SystemTime::now(),
            seen: HashSet::new(),
        };
        match walk.enter(&dir.path) {
            Ok(true) => walk.look_through(&dir.path),
            Ok(false) => {}
            Err(error) => {
                walk.fault(&dir.path, error);
                walk.scan.closed.insert(rank);
            }
        }
    }
    scan
}

/// One folder being looked through: two levels of it, and no more, whatever links there are.
struct Walk<'a> {
    scan: &'a mut Scan,
    rank: usize,
    mode: TrustMode,
    now: SystemTime,
    /// Folders that were entered, by device and inode.
    seen: HashSet<(u64, u64)>,
}

impl Walk<'_> {
    /// Whether a folder is there, was not entered yet, and may be looked through.
    fn enter(&mut self, folder: &Path) -> Result<bool, Error> {
        let metadata = match fs::metadata(folder) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(failed(folder, source)),
        };
        if !metadata.is_dir() {
            let source = io::Error::new(io::ErrorKind::NotADirectory, "not a folder");
            return Err(failed(folder, source));
        }
        self.check_writers(folder, &metadata)?;
        Ok(self.seen.insert(FileStamp::of(&metadata, self.now).place) || cfg!(not(unix)))
    }

    fn look_through(&mut self, dir: &Path) {
        let Some(entries) = self.entries(dir) else {
            self.scan.closed.insert(self.rank);
            return;
        };
        for path in entries {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.plugin_folder(&path),
                Ok(metadata) if is_wasm(&path) => self.component(path, &metadata),
                Err(source) if is_wasm(&path) => self.fault(&path, failed(&path, source)),
                // Whatever else lies there is nobody's plugin.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// A folder for one plugin.
    fn plugin_folder(&mut self, folder: &Path) {
        match self.enter(folder) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return self.fault(folder, error),
        }
        let entries = self.entries(folder).unwrap_or_default();
        let mut components = entries.into_iter().filter(|path| is_wasm(path));
        let (first, second) = (components.next(), components.next());
        match (first, second) {
            (Some(path), None) => match fs::metadata(&path) {
                Ok(metadata) => self.component(path, &metadata),
                Err(source) => self.fault(&path, failed(&path, source)),
            },
            (Some(_), Some(_)) => self.fault(
                folder,
                Error::Discovery {
                    path: folder.to_owned(),
                    problem: "a plugin's folder holds one `.wasm` file, and this one has more"
                        .to_owned(),
                    remedy: "leave one in it, or move them up, where each is a plugin",
                },
            ),
            (None, _) => {}
        }
    }

    fn component(&mut self, path: PathBuf, metadata: &Metadata) {
        if !metadata.is_file() {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
            return self.fault(&path, failed(&path, source));
        }
        if let Err(error) = self.check_writers(&path, metadata) {
            return self.fault(&path, error);
        }
        self.scan.files.push(Found {
            stamp: Stamp::of(&path, metadata, self.now),
            rank: self.rank,
            path,
        });
    }

    /// The names in a folder, in order, hidden ones left out. None where it can't be read.
    fn entries(&mut self, folder: &Path) -> Option<Vec<PathBuf>> {
        self.scan.folders.push(folder.to_owned());
        let listed = fs::read_dir(folder).and_then(|entries| {
            let paths = entries.map(|entry| entry.map(|entry| entry.path()));
            paths.take(MAX_ENTRIES + 1).collect::<io::Result<Vec<_>>>()
        });
        let mut paths = match listed {
            Ok(paths) => paths,
            Err(source) => {
                self.fault(folder, failed(folder, source));
                return None;
            }
        };
        if paths.len() > MAX_ENTRIES {
            paths.truncate(MAX_ENTRIES);
            self.fault(
                folder,
                Error::Discovery {
                    path: folder.to_owned(),
                    problem: format!(
                        "it has more than {MAX_ENTRIES} entries, and the rest is not looked at"
                    ),
                    remedy: "use several folders",
                },
            );
        }
        paths.retain(|path| !is_hidden(path));
        paths.sort();
        Some(paths)
    }

    /// What others can write to decides nothing, unless signatures do: then it is said, and they decide.
    fn check_writers(&mut self, path: &Path, metadata: &Metadata) -> Result<(), Error> {
        let Some(problem) = open_to_others(metadata) else {
            return Ok(());
        };
        if self.mode == TrustMode::Required {
            self.scan.open.insert(path.to_owned(), problem);
            return Ok(());
        }
        Err(Error::Discovery {
            path: path.to_owned(),
            problem: format!("{problem}, and signatures are not required"),
            remedy: "chmod go-w it, or require signatures",
        })
    }

    fn fault(&mut self, path: &Path, error: Error) {
        self.scan.faults.push(Fault {
            path: path.to_owned(),
            rank: self.rank,
            error: Arc::new(error),
        });
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_owned(),
        source,
    }
}

fn is_wasm(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "wasm")
}

/// Editors and package managers keep what is not finished under such names.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

#[cfg(unix)]
fn open_to_others(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own && metadata.uid() != 0 {
        Some("it belongs to another user")
    } else if metadata.mode() & 0o022 != 0 {
        Some("other users can write to it")
    } else {
        None
    }
}

#[cfg(not(unix))]
fn open_to_others(_: &Metadata) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(path: &Path, now: SystemTime) -> Stamp {
        Stamp::of(path, &fs::metadata(path).unwrap(), now)
    }

    #[test]
    fn a_file_is_what_it_was_only_once_its_times_are_old_enough_to_tell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.wasm");
        fs::write(&path, "1").unwrap();
        let now = SystemTime::now();
        assert!(!stamp(&path, now).is_still(&stamp(&path, now)));
        let later = now + COARSEST_TIME * 2;
        let before = stamp(&path, later);
        assert!(stamp(&path, later).is_still(&before));
        fs::write(path.with_extension("wasm.sig"), "").unwrap();
        assert!(!stamp(&path, later).is_still(&before));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_whose_time_was_put_back_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.wasm");
        fs::write(&path, "1").unwrap();
        let later = SystemTime::now() + COARSEST_TIME * 2;
        let (before, time) = (
            stamp(&path, later),
            fs::metadata(&path).unwrap().modified().unwrap(),
        );
        // Until the file system's clock has gone on.
        while stamp(&path, later).is_still(&before) {
            fs::write(&path, "2").unwrap();
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), time);
    }
}
