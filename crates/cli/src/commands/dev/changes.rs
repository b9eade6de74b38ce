//! When something of a project changed. What is told is a hint and no more: the build looks for itself.

use super::WatchError;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// How long nothing may change before a build: editors write in several steps, and package managers many files.
const QUIET: Duration = Duration::from_millis(100);

/// How long a build waits for quiet that doesn't come.
const PATIENCE: Duration = Duration::from_secs(1);

/// What counts with all that is in it.
const FOLDERS: [&str; 2] = ["src", "wit"];

/// What Python writes beside the modules it has read.
const CACHE: &str = "__pycache__";

/// What counts beside them; tools' own files and the target folder do not.
const FILES: [&str; 6] = [
    "Cargo.toml",
    "build.rs",
    "package.json",
    "plugin.toml",
    "requirements.txt",
    "tsconfig.json",
];

pub(super) struct Changes {
    watcher: RecommendedWatcher,
    folder: PathBuf,
    /// Holds one permit at most, however many changes there were.
    changed: Arc<Notify>,
}

impl Changes {
    /// Watches the project in `folder`, an absolute path without links.
    pub(super) fn watch(folder: PathBuf) -> Result<Self, WatchError> {
        let changed = Arc::new(Notify::new());
        let (of, told) = (folder.clone(), Arc::clone(&changed));
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error may have lost events.
            if event.map_or(true, |event| matters(&event, &of)) {
                told.notify_one();
            }
        });
        let failed = |source| WatchError {
            path: folder.clone(),
            source,
        };
        let mut watcher = watcher.map_err(failed)?;
        watcher
            .watch(&folder, RecursiveMode::NonRecursive)
            .map_err(failed)?;
        Ok(Self {
            watcher,
            folder,
            changed,
        })
    }

    /// Watches the folders as they are now: others may have taken their places.
    pub(super) fn arm(&mut self) -> Result<(), WatchError> {
        for path in FOLDERS.map(|folder| self.folder.join(folder)) {
            match self.watcher.watch(&path, RecursiveMode::Recursive) {
                // It comes back, and its coming is seen; a project may also do without.
                Err(_) if !path.is_dir() => {}
                watched => watched.map_err(|source| WatchError { path, source })?,
            }
        }
        Ok(())
    }

    /// Waits for a change, and for those that follow it at once.
    pub(super) async fn next(&mut self) {
        self.changed.notified().await;
        let latest = Instant::now() + PATIENCE;
        let settled = async { while timeout(QUIET, self.changed.notified()).await.is_ok() {} };
        let _ = timeout_at(latest, settled).await;
    }
}

/// Whether what is built may have changed. Being read changes nothing: the build itself reads.
fn matters(event: &Event, folder: &Path) -> bool {
    let ours = |path: &PathBuf| {
        path.strip_prefix(folder).is_ok_and(|path| {
            FOLDERS.iter().any(|folder| path.starts_with(folder))
                && path.iter().all(|part| part != CACHE)
                || FILES.iter().any(|file| path == Path::new(file))
        })
    };
    event.need_rescan()
        || !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, CreateKind, Flag};

    #[test]
    fn what_is_built_from_matters_and_what_is_made_does_not() {
        let event = |kind: EventKind, path: &str| {
            let event = Event::new(kind).add_path(Path::new("/crate").join(path));
            matters(&event, Path::new("/crate"))
        };
        let create = EventKind::Create(CreateKind::Any);
        for path in [
            "src",
            "src/lib.rs",
            "src/a/b.txt",
            "Cargo.toml",
            "plugin.toml",
            "build.rs",
            "package.json",
            "wit/world.wit",
        ] {
            assert!(event(create, path), "{path}");
            assert!(!event(EventKind::Access(AccessKind::Any), path), "{path}");
        }
        for path in [
            "",
            "target",
            "target/src/lib.rs",
            "Cargo.lock",
            ".venv",
            "node_modules",
            "src/__pycache__/app.cpython-314.pyc",
            "src2",
            "a/plugin.toml",
        ] {
            assert!(!event(create, path), "{path}");
        }
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(matters(&lost, Path::new("/crate")));
    }
}
