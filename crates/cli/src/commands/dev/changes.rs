//! When something of a crate changed. What is told is a hint and no more: the build looks for itself.

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

/// What counts beside `src`; Cargo's own files and its target folder do not.
const FILES: [&str; 3] = ["Cargo.toml", "plugin.toml", "build.rs"];

pub(super) struct Changes {
    watcher: RecommendedWatcher,
    folder: PathBuf,
    /// Holds one permit at most, however many changes there were.
    changed: Arc<Notify>,
}

impl Changes {
    /// Watches the crate in `folder`, an absolute path without links.
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

    /// Watches `src` as it is now: another folder may have taken its place.
    pub(super) fn arm(&mut self) -> Result<(), WatchError> {
        let path = self.folder.join("src");
        match self.watcher.watch(&path, RecursiveMode::Recursive) {
            // It comes back, and its coming is seen; a crate may also do without.
            Err(_) if !path.is_dir() => Ok(()),
            watched => watched.map_err(|source| WatchError { path, source }),
        }
    }

    /// Waits for a change, and for those that follow it at once.
    pub(super) async fn next(&mut self) {
        self.changed.notified().await;
        let latest = Instant::now() + PATIENCE;
        let settled = async { while timeout(QUIET, self.changed.notified()).await.is_ok() {} };
        let _ = timeout_at(latest, settled).await;
    }
}

/// Whether what Cargo builds may have changed. Being read changes nothing: the build itself reads.
fn matters(event: &Event, folder: &Path) -> bool {
    let ours = |path: &PathBuf| {
        path.strip_prefix(folder).is_ok_and(|path| {
            path.starts_with("src") || FILES.iter().any(|file| path == Path::new(file))
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
    fn what_cargo_builds_from_matters_and_what_it_makes_does_not() {
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
        ] {
            assert!(event(create, path), "{path}");
            assert!(!event(EventKind::Access(AccessKind::Any), path), "{path}");
        }
        for path in [
            "",
            "target",
            "target/src/lib.rs",
            "Cargo.lock",
            "srcs",
            "a/plugin.toml",
        ] {
            assert!(!event(create, path), "{path}");
        }
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(matters(&lost, Path::new("/crate")));
    }
}
