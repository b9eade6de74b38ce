//! One look at everything.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::scan::scan;
use super::settle::Settling;
use super::snapshot::Snapshot;
use super::work::{Outcome, Settings, Work};
use super::{Inner, LoadProgress};
use crate::error::Error;
use crate::load::{Trust, blocking};

/// How long a plugin that is ready waits for others that are being loaded.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);

/// Files can change while they are looked at: what is still undone after so many rounds is left to the next look.
const ROUNDS: usize = 3;

impl Inner {
    /// Looks, loads and publishes, in a task of its own: what was begun goes on to its end, whoever waits for it.
    pub(super) async fn refresh(self: &Arc<Self>, retry: bool) -> Result<Arc<Snapshot>, Error> {
        let inner = Arc::clone(self);
        tokio::spawn(async move { inner.look(retry).await })
            .await
            .map_err(Error::host)?
    }

    async fn look(&self, retry: bool) -> Result<Arc<Snapshot>, Error> {
        let mut work = self.work.lock().await;
        let settings = self.settings.load_full();
        let (dirs, folder, mode) = (self.dirs.clone(), self.trust.clone(), self.mode);
        let looked = blocking(move || {
            let (keys, lock) = (folder.keys()?, folder.lock()?);
            Ok((scan(&dirs, mode), Arc::new(keys), lock))
        });
        let (scan, keys, lock) = looked.await?;
        let trust = Trust {
            mode,
            keys,
            lock: Arc::new(lock.clone().unwrap_or_default()),
        };
        work.lock = lock;
        work.take(scan, retry);
        work.configure(&settings);
        let fallen = work.trust(&trust);
        if !fallen.is_empty() {
            self.publish(&mut work, &settings).await;
            for plugin in fallen {
                plugin.stop();
            }
        }
        for _ in 0..ROUNDS {
            let to_do = work.to_do(&settings);
            if to_do.is_empty() {
                break;
            }
            self.settle(&mut work, to_do, &trust, &settings).await;
        }
        self.publish(&mut work, &settings).await;
        self.begin_lock(&mut work).await;
        Ok(self.current.load_full())
    }

    /// Reads and loads files side by side. What is ready is not kept waiting by what takes long.
    async fn settle(
        &self,
        work: &mut Work,
        to_do: Vec<(PathBuf, usize)>,
        trust: &Trust,
        settings: &Arc<Settings>,
    ) {
        let total = to_do.len();
        let settling = Arc::new(Settling {
            host: Arc::clone(&self.host),
            trust: trust.clone(),
            settings: Arc::clone(settings),
            loaded: work.loaded(),
            claims: Mutex::new(work.claims()),
        });
        let at_once = available_parallelism().map_or(1, usize::from) * 2;
        let settle = |(path, rank): (PathBuf, usize)| {
            let settling = Arc::clone(&settling);
            let own = path.clone();
            let task = async move { settling.settle(&own, rank).await };
            async move { (path, tokio::spawn(task).await) }
        };
        let mut settled = stream::iter(to_do)
            .map(settle)
            .buffer_unordered(at_once.max(4));
        let (mut done, mut waiting, mut due) = (0, false, Instant::now() + PUBLISH_EVERY);
        loop {
            let next = match waiting {
                true => timeout_at(due, settled.next()).await,
                false => Ok(settled.next().await),
            };
            match next {
                Ok(None) => return,
                Ok(Some((path, came))) => {
                    let failed = |error| (None, Outcome::Failed(Arc::new(Error::host(error))));
                    let (facts, outcome) = came.unwrap_or_else(failed);
                    if let Some(known) = work.files.get_mut(&path) {
                        known.settle(facts, outcome);
                    }
                    done += 1;
                    self.tell(LoadProgress { done, total });
                    waiting = true;
                }
                Err(_) => {}
            }
            if waiting && Instant::now() >= due {
                self.publish(work, settings).await;
                (waiting, due) = (false, Instant::now() + PUBLISH_EVERY);
            }
        }
    }

    fn tell(&self, progress: LoadProgress) {
        self.on_progress.iter().for_each(|tell| tell(progress));
    }

    /// Where nothing is installed, nothing waits for approval: the lock begins empty, so that what comes is new and not forgotten.
    async fn begin_lock(&self, work: &mut Work) {
        if work.lock.is_some() || !work.is_empty() {
            return;
        }
        let folder = self.trust.clone();
        let begun =
            blocking(move || Ok(folder.update_lock(|lock| lock.get_or_insert_default().clone())?));
        match begun.await {
            Ok(lock) => work.lock = Some(lock),
            Err(error) => {
                tracing::warn!(%error, "no lock could be begun: what is installed will be held")
            }
        }
    }
}
