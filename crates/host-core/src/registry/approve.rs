//! What waits for a person, and their word on it.

use std::path::PathBuf;
use std::sync::Arc;

use portcullis_host_policy::PluginId;
use portcullis_host_policy::manifest::Manifest;
use portcullis_host_policy::trust::{Difference, Hold, Lock, Locked, Surface};

use super::work::Outcome;
use super::{Registry, Snapshot, Status};
use crate::error::Error;
use crate::load::blocking;

/// A plugin that is held, as it was when somebody asked: what a person is shown, and then approves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pending {
    /// The plugin.
    pub id: PluginId,
    /// Where it lies.
    pub path: PathBuf,
    /// What was approved before.
    pub was: Option<Locked>,
    /// What is there now.
    pub now: Locked,
    /// Why it waits.
    pub holds: Vec<Hold>,
    /// What it shows to people and models, and did not when it was approved, and the other way round. Where nothing is known of
    /// before, everything is new.
    pub differences: Vec<Difference>,
    /// Its manifest.
    pub manifest: Option<Arc<Manifest>>,
    surface: Surface,
}

impl Registry {
    /// What is held of a plugin; none where nothing is.
    ///
    /// # Errors
    /// [`Error::Trust`] where it can't be read what it showed before.
    pub async fn pending(&self, id: &PluginId) -> Result<Option<Pending>, Error> {
        let work = self.inner.work.lock().await;
        let snapshot = self.snapshot();
        let Some(Status::Held(holds)) = snapshot.entry(id).and_then(|entry| entry.problem()) else {
            return Ok(None);
        };
        let claims = work.by_id().remove(id).unwrap_or_default();
        let Some((path, known)) = work.choose(id, &claims) else {
            return Ok(None);
        };
        let (Outcome::Loaded(loaded), Some(facts)) = (&known.outcome, &known.facts) else {
            return Ok(None);
        };
        let was = work.lock.as_ref().and_then(|lock| lock.get(id)).cloned();
        let (folder, shown) = (
            self.inner.trust.clone(),
            was.as_ref().map(|was| was.surface),
        );
        let before = blocking(move || {
            let surface = shown.map(|digest| folder.surface(&digest)).transpose()?;
            Ok(surface.flatten().unwrap_or_default())
        });
        let surface = loaded.plugin.surface();
        Ok(Some(Pending {
            id: id.clone(),
            path: path.clone(),
            was,
            now: (*loaded.locked).clone(),
            holds: holds.clone(),
            differences: before.await?.differences(&surface),
            manifest: facts.manifest.clone(),
            surface,
        }))
    }

    /// Approves what was shown, and nothing else: where the file has changed since, it is held again. It is active in the
    /// snapshot that comes back, unless something else stands against it.
    ///
    /// # Errors
    /// [`Error::Trust`] where the lock can't be written.
    pub async fn approve(&self, pending: &Pending) -> Result<Arc<Snapshot>, Error> {
        let (folder, pending, snapshot) =
            (self.inner.trust.clone(), pending.clone(), self.snapshot());
        blocking(move || {
            folder.keep_surface(&pending.surface)?;
            folder.update_lock(|lock| {
                let lock = lock.get_or_insert_with(|| {
                    // The approval of one must not be that of all others which the lost lock held.
                    let mut lock = Lock::default();
                    let ids = snapshot
                        .entries()
                        .iter()
                        .filter_map(|entry| entry.id.clone());
                    ids.for_each(|id| lock.hold(id));
                    lock
                });
                lock.set(pending.id, pending.now);
            })?;
            Ok(())
        })
        .await?;
        self.inner.refresh(false).await
    }
}
