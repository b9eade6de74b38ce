//! From what is known to what can be called.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use portcullis_host_policy::PluginId;
use portcullis_host_policy::trust::{Hold, Lock};

use super::change::Change;
use super::snapshot::{Entry, Snapshot, Status};
use super::work::{Active, Claim, Known, Loaded, Outcome, Settings, Work};
use super::{Inner, Scope};
use crate::error::Error;
use crate::load::blocking;

/// Plugins that could not become active, and why.
type Refused = BTreeMap<PluginId, Status>;

impl Inner {
    /// Makes a snapshot of what is known, and tells what changed. Nothing is in it that the lock does not name.
    pub(super) async fn publish(&self, work: &mut Work, settings: &Settings) {
        let newcomers = work.newcomers(settings);
        let refused = self.admit(work, &newcomers).await;
        for (id, active) in newcomers {
            if !refused.contains_key(&id) {
                work.activate(id, active);
            }
        }
        work.dismiss(settings);
        let before = self.current.load_full();
        let entries = work.entries(settings, &refused, |rank| self.scope(rank));
        let after = Snapshot::new(before.generation() + 1, entries);
        let same = before.entries().len() == after.entries().len();
        let mut pairs = before.entries().iter().zip(after.entries());
        if same && pairs.all(|(before, after)| before.is_as(after)) {
            return;
        }
        say_shadowed(&before, &after);
        let after = Arc::new(after);
        self.current.store(Arc::clone(&after));
        for change in changes(&before, &after) {
            self.host.changes.tell(change);
        }
    }

    fn scope(&self, rank: usize) -> Scope {
        self.dirs.get(rank).map_or(Scope::User, |dir| dir.scope)
    }

    /// Asks the lock about what would be active, and writes what it approves: a process that is killed in between finds the
    /// same when it starts again.
    async fn admit(&self, work: &mut Work, newcomers: &[(PluginId, Active)]) -> Refused {
        let mut refused = Refused::new();
        let mut approved = Vec::new();
        for (id, Active { loaded, .. }) in newcomers {
            let holds = holds(work.lock.as_ref(), id, loaded);
            if !holds.is_empty() {
                refused.insert(id.clone(), Status::Held(holds));
            } else if work.lock.as_ref().and_then(|lock| lock.get(id)) != Some(&*loaded.locked) {
                approved.push((id.clone(), loaded.clone()));
            }
        }
        if approved.is_empty() {
            return refused;
        }
        let (folder, list) = (self.trust.clone(), approved.clone());
        let written = blocking(move || {
            for (_, loaded) in &list {
                folder.keep_surface(&loaded.plugin.surface())?;
            }
            let written = folder.update_lock(|lock| {
                // Another process may have written it since it was read.
                let write = |(id, loaded): &(PluginId, Loaded)| {
                    let holds = holds(lock.as_ref(), id, loaded);
                    if let (true, Some(lock)) = (holds.is_empty(), lock.as_mut()) {
                        lock.set(id.clone(), (*loaded.locked).clone());
                    }
                    (id.clone(), holds)
                };
                let held: Vec<_> = list.iter().map(write).collect();
                (lock.clone(), held)
            })?;
            Ok(written)
        });
        match written.await {
            Ok((lock, held)) => {
                work.lock = lock;
                let held = held.into_iter().filter(|(_, holds)| !holds.is_empty());
                refused.extend(held.map(|(id, holds)| (id, Status::Held(holds))));
            }
            Err(error) => {
                let error = Arc::new(error);
                let failed = |(id, _)| (id, Status::Failed(Arc::clone(&error)));
                refused.extend(approved.into_iter().map(failed));
            }
        }
        refused
    }
}

fn holds(lock: Option<&Lock>, id: &PluginId, loaded: &Loaded) -> Vec<Hold> {
    match lock {
        Some(lock) => lock.holds(id, &loaded.locked, loaded.settings.updates),
        None => vec![Hold::LostLock],
    }
}

impl Work {
    /// What is loaded and would be active if nothing speaks against it.
    fn newcomers(&self, settings: &Settings) -> Vec<(PluginId, Active)> {
        let newcomer = |(id, claims): (&PluginId, Vec<Claim<'_>>)| {
            let (path, known) = self.choose(id, &claims)?;
            let (Outcome::Loaded(loaded), Some(facts)) = (&known.outcome, &known.facts) else {
                return None;
            };
            let active = self.active.get(id);
            let is_active = active.is_some_and(|active| active.loaded.plugin.is(&loaded.plugin));
            let active = Active {
                path: path.clone(),
                rank: known.rank,
                facts: Arc::clone(facts),
                loaded: loaded.clone(),
            };
            (!is_active && settings.of(id).enabled).then(|| (id.clone(), active))
        };
        self.by_id().into_iter().filter_map(newcomer).collect()
    }

    fn activate(&mut self, id: PluginId, active: Active) {
        if let Some(before) = self.active.get(&id) {
            active.loaded.plugin.succeed(&before.loaded.plugin);
        }
        self.active.insert(id, active);
    }

    /// Lets go of what is no longer meant to be there, and notes where the rest lies now.
    fn dismiss(&mut self, settings: &Settings) {
        let mut moved = Vec::new();
        for (id, claims) in self.by_id() {
            if !settings.of(id).enabled || !self.is_meant(id, &claims) {
                continue;
            }
            let Some(active) = self.active.get(id) else {
                continue;
            };
            // What was taken back is not kept because something else went wrong.
            if active.loaded.settings.is_cut_by(settings.of(id)) && !self.is_waited_for(id, &claims)
            {
                active.loaded.plugin.revoke();
                continue;
            }
            let from = |(_, known): &&Claim<'_>| matches!(&known.outcome, Outcome::Loaded(loaded) if loaded.plugin.is(&active.loaded.plugin));
            let place = claims
                .iter()
                .find(from)
                .map(|(path, known)| ((*path).clone(), known.rank));
            moved.push((id.clone(), place));
        }
        let mut kept = BTreeMap::new();
        for (id, place) in moved {
            if let Some(mut active) = self.active.remove(&id) {
                if let Some((path, rank)) = place {
                    (active.path, active.rank) = (path, rank);
                }
                kept.insert(id, active);
            }
        }
        self.active = kept;
    }

    fn entries(
        &self,
        settings: &Settings,
        refused: &Refused,
        scope: impl Fn(usize) -> Scope,
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (id, claims) in self.by_id() {
            let group = Group {
                work: self,
                id,
                claims: &claims,
                refused: refused.get(id),
                enabled: settings.of(id).enabled,
            };
            group.entries(&mut entries, &scope);
        }
        let unknown =
            self.files
                .iter()
                .filter_map(|(path, known)| match (&known.outcome, &known.facts) {
                    (Outcome::Failed(error), None) => Some((path, known.rank, error)),
                    _ => None,
                });
        let faults = self.faults.iter();
        let faults = faults.map(|fault| (&fault.path, fault.rank, &fault.error));
        for (path, rank, error) in unknown.chain(faults) {
            let status = Status::Failed(Arc::clone(error));
            entries.push(Entry::bare(path, scope(rank), status));
        }
        entries
    }
}

/// All that claims to be one plugin.
struct Group<'a> {
    work: &'a Work,
    id: &'a PluginId,
    claims: &'a [Claim<'a>],
    refused: Option<&'a Status>,
    enabled: bool,
}

impl Group<'_> {
    fn entries(&self, entries: &mut Vec<Entry>, scope: &impl Fn(usize) -> Scope) {
        let chosen = self.work.choose(self.id, self.claims);
        let rivals = self.work.rivals(self.id, self.claims);
        let Some((first_path, first)) = chosen.or(rivals.first().copied()) else {
            return;
        };
        let later = |(_, known): &&Claim<'_>| known.rank > first.rank;
        let shadowed: Vec<_> = self
            .claims
            .iter()
            .filter(later)
            .map(|(path, _)| (*path).clone())
            .collect();
        let clash = |path: &Path| {
            let others = rivals.iter().filter(|(other, _)| *other != path);
            let others: Vec<_> = others
                .map(|(other, _)| other.display().to_string())
                .collect();
            Status::Failed(Arc::new(Error::Discovery {
                path: path.to_owned(),
                problem: format!("{} is the plugin {} too", others.join(", "), self.id),
                remedy: "remove all but one",
            }))
        };
        let status = match chosen {
            _ if !self.enabled => Some(Status::Disabled),
            None => Some(clash(first_path)),
            Some((_, known)) => self.status(known),
        };
        let active = self.work.active.get(self.id);
        let mut main = match (active, status) {
            (Some(active), status) => {
                let mut entry = Entry::active(self.id, active, scope(active.rank));
                entry.update = status.filter(|status| !matches!(status, Status::Active));
                entry
            }
            (None, Some(status)) => {
                Entry::idle(self.id, first_path, first, scope(first.rank), status)
            }
            // It is being loaded.
            (None, None) => return,
        };
        main.shadowed = shadowed;
        let shown = main.path.clone();
        entries.push(main);
        if !self.enabled {
            return;
        }
        for (path, known) in self.claims {
            let is_rival = rivals.iter().any(|(rival, _)| rival == path);
            let status = match &known.outcome {
                _ if **path == shown || (known.rank > first.rank) => continue,
                Outcome::Failed(error) => Status::Failed(Arc::clone(error)),
                _ if is_rival && rivals.len() > 1 => clash(path),
                _ => continue,
            };
            entries.push(Entry::idle(self.id, path, known, scope(known.rank), status));
        }
    }

    /// How the chosen file stands; none while it is being loaded.
    fn status(&self, chosen: &Known) -> Option<Status> {
        match &chosen.outcome {
            Outcome::Failed(error) => Some(Status::Failed(Arc::clone(error))),
            Outcome::Loaded(_) => Some(self.refused.cloned().unwrap_or(Status::Active)),
            Outcome::Unread | Outcome::Passed => None,
        }
    }
}

/// Says which plugins are not looked at because an earlier folder has them.
fn say_shadowed(before: &Snapshot, after: &Snapshot) {
    for entry in after.entries() {
        let Some(id) = &entry.id else {
            continue;
        };
        let known = before
            .entry(id)
            .map_or(&[][..], |entry| entry.shadowed.as_slice());
        for path in entry.shadowed.iter().filter(|path| !known.contains(path)) {
            tracing::info!(plugin = %id, taken = %entry.path.display(), left = %path.display(), "an earlier folder has the plugin too");
        }
    }
}

/// What somebody who knew one snapshot has to be told of the next.
fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let generation = after.generation();
    let mut changes = Vec::new();
    for entry in before.entries() {
        if let (Some(id), Some(_)) = (&entry.id, &entry.plugin)
            && after.get(id).is_none()
        {
            let id = id.clone();
            changes.push(Change::Removed { id, generation });
        }
    }
    for entry in after.entries() {
        changes.extend(entry.arrival(before, generation));
        changes.extend(entry.trouble(before, generation));
    }
    changes
}

impl Entry {
    /// That the plugin can be called, or is another one now.
    fn arrival(&self, before: &Snapshot, generation: u64) -> Option<Change> {
        let (id, plugin) = (self.id.clone()?, self.plugin.as_ref()?);
        let to = plugin.version().cloned();
        match before.get(&id) {
            None => Some(Change::Added {
                id,
                version: to,
                generation,
            }),
            Some(old) if old.is(plugin) => None,
            Some(old) => {
                let from = old.version().cloned();
                Some(Change::Updated {
                    id,
                    from,
                    to,
                    generation,
                })
            }
        }
    }

    /// What stands against it and did not before.
    fn trouble(&self, before: &Snapshot, generation: u64) -> Option<Change> {
        let problem = self.problem()?;
        let known = |old: &&Entry| (&old.id, &old.path) == (&self.id, &self.path);
        let old = before.entries().iter().find(known);
        if old
            .and_then(Entry::problem)
            .is_some_and(|old| old.is_as(problem))
        {
            return None;
        }
        match (problem, &self.id) {
            (Status::Held(holds), Some(id)) => Some(Change::Held {
                id: id.clone(),
                holds: holds.clone(),
                generation,
            }),
            (Status::Failed(error), id) => Some(Change::Failed {
                id: id.clone(),
                path: self.path.clone(),
                error: Arc::clone(error),
                generation,
            }),
            _ => None,
        }
    }

    fn bare(path: &Path, scope: Scope, status: Status) -> Self {
        Self {
            id: None,
            path: path.to_owned(),
            scope,
            version: None,
            digest: None,
            signer: None,
            manifest: None,
            status,
            update: None,
            shadowed: Vec::new(),
            plugin: None,
        }
    }

    fn active(id: &PluginId, active: &Active, scope: Scope) -> Self {
        let plugin = &active.loaded.plugin;
        Self {
            id: Some(id.clone()),
            version: plugin.version().cloned(),
            digest: Some(*plugin.digest()),
            signer: plugin.signer().copied(),
            manifest: active.facts.manifest.clone(),
            plugin: Some(plugin.clone()),
            ..Self::bare(&active.path, scope, Status::Active)
        }
    }

    fn idle(id: &PluginId, path: &Path, known: &Known, scope: Scope, status: Status) -> Self {
        let facts = known.facts.as_ref();
        let signer = match &known.outcome {
            Outcome::Loaded(loaded) => loaded.plugin.signer().copied(),
            _ => None,
        };
        Self {
            id: Some(id.clone()),
            version: facts.and_then(|facts| facts.version().cloned()),
            digest: facts.map(|facts| facts.digest),
            manifest: facts.and_then(|facts| facts.manifest.clone()),
            signer,
            ..Self::bare(path, scope, status)
        }
    }
}
