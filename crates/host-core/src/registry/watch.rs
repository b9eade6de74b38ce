//! When to look again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::Inner;
use super::change::Change;
use crate::error::Error;

/// Writing is over when nothing was heard for so long.
const QUIET: Duration = Duration::from_millis(100);

/// Where it is never quiet, somebody looks all the same.
const AT_LAST: Duration = Duration::from_secs(1);

/// Looks again whenever something may have changed, for as long as it lives.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Watch(JoinHandle<()>);

impl Watch {
    pub(super) fn start(registry: &Arc<Inner>) -> Self {
        Self(tokio::spawn(watch(Arc::downgrade(registry), registry.poll)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watch(registry: Weak<Inner>, poll: Duration) {
    let hints = Arc::new(Notify::new());
    let mut folders = Folders::new(&hints);
    let mut said = None;
    loop {
        let Some(registry) = registry.upgrade() else {
            return;
        };
        let error = registry.refresh(false).await.err();
        registry.complain(error, &mut said);
        let wanted = registry.work.lock().await.folders.clone();
        folders.follow(
            wanted.iter().chain([&registry.trust.path().to_owned()]),
            &hints,
        );
        drop(registry);
        pause(&hints, poll).await;
    }
}

/// Waits for a hint, or for the next look without one; after a hint, until it is quiet.
async fn pause(hints: &Notify, poll: Duration) {
    if timeout(poll, hints.notified()).await.is_err() {
        return;
    }
    let at_last = Instant::now() + AT_LAST;
    loop {
        let quiet = at_last.min(Instant::now() + QUIET);
        let heard = timeout_at(quiet, hints.notified()).await.is_ok();
        if !heard || Instant::now() >= at_last {
            return;
        }
    }
}

impl Inner {
    /// Tells once of what keeps a look from being taken.
    fn complain(&self, error: Option<Error>, said: &mut Option<String>) {
        let text = error.as_ref().map(Error::to_string);
        if let (Some(error), true) = (error, *said != text) {
            tracing::warn!(%error, "plugins stay as they are");
            self.host.changes.tell(Change::Failed {
                id: None,
                path: self.trust.path().to_owned(),
                error: Arc::new(error),
                generation: self.current.load().generation(),
            });
        }
        *said = text;
    }
}

/// The folders whose events are heard. Where there are none, polling has to do.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    /// By path, with device and inode: a folder that was made anew has to be watched anew.
    watched: BTreeMap<PathBuf, Place>,
}

type Place = (u64, u64);

impl Folders {
    fn new(hints: &Arc<Notify>) -> Self {
        let hints = Arc::clone(hints);
        let hear = move |event: notify::Result<Event>| {
            // An error may stand for events that were lost.
            if event.map_or(true, |event| matters(event.kind)) {
                hints.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(hear)
            .inspect_err(|error| tracing::warn!(%error, "no events of the file system: plugins are looked for now and then"))
            .ok();
        Self {
            watcher,
            watched: BTreeMap::new(),
        }
    }

    /// Watches these folders and no others. What happened in a new one before it was watched may not have been seen, so
    /// there is a hint then.
    fn follow<'a>(&mut self, wanted: impl Iterator<Item = &'a PathBuf>, hints: &Notify) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let there = wanted.filter_map(|path| Some((path.clone(), place(path)?)));
        let wanted: BTreeMap<_, _> = there.collect();
        self.watched.retain(|path, place| {
            let stays = wanted.get(path) == Some(place);
            if !stays {
                // It may be gone, and its watch with it.
                let _ = watcher.unwatch(path);
            }
            stays
        });
        for (path, place) in wanted {
            if self.watched.contains_key(&path) {
                continue;
            }
            match watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path, place);
                    hints.notify_one();
                }
                Err(error) => tracing::debug!(path = %path.display(), %error, "can't be watched"),
            }
        }
    }
}

/// Everything but reading: that is what a look does.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(unix)]
fn place(folder: &Path) -> Option<Place> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn place(folder: &Path) -> Option<Place> {
    folder.is_dir().then_some((0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a look waits after the first hint, if there is one more each `every`.
    async fn waits(every: Duration, hints: u32) -> Duration {
        let notify = Arc::new(Notify::new());
        let hinting = Arc::clone(&notify);
        let begun = Instant::now();
        let hinter = tokio::spawn(async move {
            for _ in 0..hints {
                hinting.notify_one();
                tokio::time::sleep(every).await;
            }
        });
        pause(&notify, Duration::from_secs(3600)).await;
        hinter.abort();
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_waits_until_it_is_quiet() {
        let waited = waits(Duration::from_millis(60), 5).await;
        assert_eq!(waited, Duration::from_millis(4 * 60) + QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_is_taken_in_the_end_where_it_is_never_quiet() {
        assert_eq!(waits(Duration::from_millis(1), 20_000).await, AT_LAST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_is_taken_now_and_then_without_a_hint() {
        let (begun, poll) = (Instant::now(), Duration::from_secs(5));
        pause(&Notify::new(), poll).await;
        assert_eq!(begun.elapsed(), poll);
    }

    #[test]
    fn reading_is_no_hint_and_writing_is() {
        use notify::event::{DataChange, ModifyKind};
        assert!(!matters(EventKind::Access(AccessKind::Open(
            AccessMode::Any
        ))));
        assert!(!matters(EventKind::Access(AccessKind::Close(
            AccessMode::Read
        ))));
        assert!(matters(EventKind::Access(AccessKind::Close(
            AccessMode::Write
        ))));
        assert!(matters(EventKind::Modify(ModifyKind::Data(
            DataChange::Any
        ))));
        assert!(matters(EventKind::Other));
    }
}
