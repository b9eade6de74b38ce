//! What a registry remembers from one refresh to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_host_policy::PluginId;
use portcullis_host_policy::config::PluginSettings;
use portcullis_host_policy::trust::{Lock, Locked, TrustedKeys};

use super::facts::Facts;
use super::scan::{Fault, Found, Scan, Stamp};
use crate::error::{Error, ErrorKind};
use crate::load::Trust;
use crate::plugin::Plugin;

/// Everything that is known, by file and by plugin.
#[derive(Default)]
pub(super) struct Work {
    pub(super) files: BTreeMap<PathBuf, Known>,
    /// What is wrong where no plugin is known to be.
    pub(super) faults: Vec<Fault>,
    pub(super) active: BTreeMap<PluginId, Active>,
    pub(super) keys: Arc<TrustedKeys>,
    pub(super) lock: Option<Lock>,
    /// The folders that were looked through.
    pub(super) folders: Vec<PathBuf>,
    /// What was said of folders that others can write to.
    open: BTreeMap<PathBuf, &'static str>,
}

/// One file.
pub(super) struct Known {
    pub(super) rank: usize,
    /// None where it must be read again whatever it looks like.
    stamp: Option<Stamp>,
    /// What it said when it could last be read.
    pub(super) facts: Option<Arc<Facts>>,
    /// Whether that is what it says now.
    read: bool,
    pub(super) outcome: Outcome,
}

/// A file that says, or last said, that it is a certain plugin.
pub(super) type Claim<'a> = (&'a PathBuf, &'a Known);

/// What came of a file.
#[derive(Clone)]
pub(super) enum Outcome {
    /// Nothing yet.
    Unread,
    /// It was read, and there was no need to load it.
    Passed,
    Failed(Arc<Error>),
    Loaded(Loaded),
}

/// A plugin that was loaded, which does not say that it may be called.
#[derive(Clone)]
pub(super) struct Loaded {
    pub(super) plugin: Plugin,
    pub(super) locked: Arc<Locked>,
    pub(super) settings: Arc<PluginSettings>,
}

/// A plugin that can be called.
#[derive(Clone)]
pub(super) struct Active {
    pub(super) path: PathBuf,
    pub(super) rank: usize,
    pub(super) facts: Arc<Facts>,
    pub(super) loaded: Loaded,
}

/// The operator's word on each plugin.
#[derive(Debug, Default)]
pub(super) struct Settings {
    plugins: BTreeMap<PluginId, Arc<PluginSettings>>,
    other: Arc<PluginSettings>,
}

impl Settings {
    pub(super) fn new(plugins: BTreeMap<PluginId, PluginSettings>) -> Self {
        let shared = |(id, settings)| (id, Arc::new(settings));
        Self {
            plugins: plugins.into_iter().map(shared).collect(),
            other: Arc::default(),
        }
    }

    pub(super) fn of(&self, id: &PluginId) -> &Arc<PluginSettings> {
        self.plugins.get(id).unwrap_or(&self.other)
    }
}

impl Known {
    /// What came of the file: its facts, where it could be read. A file that fails and calls itself another plugin than before is
    /// still this one's: the beginning of a component is one too, without the manifest that comes at its end.
    pub(super) fn settle(&mut self, facts: Option<Arc<Facts>>, outcome: Outcome) {
        let failed = matches!(outcome, Outcome::Failed(_));
        let before = self.facts.take();
        let was_other = |new: &Arc<Facts>| {
            let other = |old: &Arc<Facts>| old.id != new.id;
            failed && before.as_ref().is_some_and(other)
        };
        let facts = facts.filter(|new| !was_other(new));
        self.read = facts.is_some();
        self.facts = facts.or(before);
        self.outcome = outcome;
    }

    /// Whether the file is a plugin that somebody could mean to run.
    fn is_good(&self) -> bool {
        let untrusted =
            matches!(&self.outcome, Outcome::Failed(error) if error.kind() == ErrorKind::Untrusted);
        self.read && !untrusted
    }
}

impl Work {
    /// Takes over what a scan found: what is new or changed is unread, what is gone is forgotten.
    pub(super) fn take(&mut self, scan: Scan, retry: bool) {
        self.warn_of(scan.open);
        self.folders = scan.folders;
        let found: BTreeSet<&Path> = scan
            .files
            .iter()
            .map(|found| found.path.as_path())
            .collect();
        let spoiled = |path: &Path| {
            let about = |fault: &&Fault| fault.path == path || path.parent() == Some(&*fault.path);
            scan.faults
                .iter()
                .find(about)
                .map(|fault| Arc::clone(&fault.error))
        };
        self.files.retain(|path, known| {
            if found.contains(path.as_path()) || scan.closed.contains(&known.rank) {
                return true;
            }
            let Some(error) = spoiled(path) else {
                return false;
            };
            known.stamp = None;
            known.settle(None, Outcome::Failed(error));
            true
        });
        let known = |fault: &Fault| {
            let about = |path: &PathBuf| *path == fault.path || path.parent() == Some(&*fault.path);
            self.files.keys().any(about) && !scan.closed.contains(&fault.rank)
        };
        let faults = scan.faults.iter().filter(|fault| !known(fault));
        self.faults = faults.cloned().collect();
        for Found { path, rank, stamp } in scan.files {
            let known = self.files.entry(path).or_insert(Known {
                rank,
                stamp: None,
                facts: None,
                read: false,
                outcome: Outcome::Unread,
            });
            let same = known
                .stamp
                .as_ref()
                .is_some_and(|before| stamp.is_still(before));
            let again = retry && matches!(known.outcome, Outcome::Failed(_));
            if !same || again {
                known.outcome = Outcome::Unread;
            }
            (known.rank, known.stamp) = (rank, Some(stamp));
        }
    }

    fn warn_of(&mut self, open: BTreeMap<PathBuf, &'static str>) {
        for (path, problem) in &open {
            if !self.open.contains_key(path) {
                tracing::warn!(path = %path.display(), problem, "only signatures stand between others and the plugins there");
            }
        }
        self.open = open;
    }

    /// Takes over other keys. What they no longer vouch for is no longer active, and given back.
    pub(super) fn trust(&mut self, trust: &Trust) -> Vec<Plugin> {
        if self.keys == trust.keys {
            return Vec::new();
        }
        self.keys = Arc::clone(&trust.keys);
        let stands = |facts: &Facts, plugin: &Plugin| facts.is_signed_by(plugin.signer(), trust);
        for known in self.files.values_mut() {
            let again = match (&known.outcome, &known.facts) {
                (Outcome::Loaded(loaded), Some(facts)) => !stands(facts, &loaded.plugin),
                (Outcome::Failed(error), _) => error.kind() == ErrorKind::Untrusted,
                _ => false,
            };
            if again {
                known.outcome = Outcome::Unread;
            }
        }
        let fallen =
            |_: &PluginId, active: &mut Active| !stands(&active.facts, &active.loaded.plugin);
        let fallen = self.active.extract_if(.., fallen);
        fallen.map(|(_, active)| active.loaded.plugin).collect()
    }

    /// Takes over other settings: what was loaded with others is unread.
    pub(super) fn configure(&mut self, settings: &Settings) {
        for known in self.files.values_mut() {
            let Some(facts) = &known.facts else {
                continue;
            };
            let settings = settings.of(&facts.id);
            let stale = match &known.outcome {
                Outcome::Loaded(loaded) => loaded.settings != *settings,
                _ => false,
            };
            if stale {
                known.outcome = Outcome::Unread;
            }
        }
    }

    /// The files that have to be read, and may have to be loaded.
    pub(super) fn to_do(&self, settings: &Settings) -> Vec<(PathBuf, usize)> {
        let unread = self
            .files
            .iter()
            .filter(|(_, known)| matches!(known.outcome, Outcome::Unread));
        let passed = self.by_id().into_iter().filter_map(|(id, claims)| {
            let chosen = self.choose(id, &claims)?;
            let passed = matches!(chosen.1.outcome, Outcome::Passed);
            (passed && settings.of(id).enabled).then_some(chosen)
        });
        let mut paths: Vec<_> = unread
            .chain(passed)
            .map(|(path, known)| (path.clone(), known.rank))
            .collect();
        paths.sort_by(|(path, rank), (other_path, other)| (rank, path).cmp(&(other, other_path)));
        paths
    }

    /// The claims to each id, the best first: a file that can't be read or trusted stands back behind all others, unless it lies
    /// where the active plugin came from.
    pub(super) fn by_id(&self) -> BTreeMap<&PluginId, Vec<Claim<'_>>> {
        let mut ids: BTreeMap<&PluginId, Vec<Claim<'_>>> = BTreeMap::new();
        for (path, known) in &self.files {
            if let Some(facts) = &known.facts {
                ids.entry(&facts.id).or_default().push((path, known));
            }
        }
        for (id, claims) in &mut ids {
            claims.sort_by_key(|claim| (self.place(id, claim), claim.0));
        }
        ids
    }

    /// Where a claim stands among others: the smaller, the better.
    fn place(&self, id: &PluginId, (path, known): &Claim<'_>) -> (bool, usize, bool) {
        let good = known.is_good();
        (!good && !self.is_active_at(id, path), known.rank, !good)
    }

    fn is_active_at(&self, id: &PluginId, path: &Path) -> bool {
        self.active
            .get(id)
            .is_some_and(|active| active.path == path)
    }

    /// In which folder each plugin is that need not be looked for any further.
    pub(super) fn claims(&self) -> HashMap<PluginId, usize> {
        let first = |(id, claims): (&PluginId, Vec<Claim<'_>>)| {
            let (_, known) = claims.first().filter(|claim| !self.place(id, claim).0)?;
            Some((id.clone(), known.rank))
        };
        self.by_id().into_iter().filter_map(first).collect()
    }

    /// Whether any of the claims says that the active plugin is still meant to be there.
    pub(super) fn is_meant(&self, id: &PluginId, claims: &[Claim<'_>]) -> bool {
        claims.iter().any(|claim| !self.place(id, claim).0)
    }

    /// The claims that nothing but their names tells apart.
    pub(super) fn rivals<'a>(&self, id: &PluginId, claims: &[Claim<'a>]) -> Vec<Claim<'a>> {
        let best = claims.first().map(|claim| self.place(id, claim));
        let same = |claim: &&Claim<'a>| Some(self.place(id, claim)) == best;
        claims.iter().filter(same).copied().collect()
    }

    /// The claim that counts: it has no rivals, or is where the active plugin came from. None where choosing would be guessing.
    pub(super) fn choose<'a>(&self, id: &PluginId, claims: &[Claim<'a>]) -> Option<Claim<'a>> {
        let rivals = self.rivals(id, claims);
        if let [only] = rivals.as_slice() {
            return Some(*only);
        }
        rivals
            .into_iter()
            .find(|(path, _)| self.is_active_at(id, path))
    }

    /// Whether the claim that counts is still to be read or loaded.
    pub(super) fn is_waited_for(&self, id: &PluginId, claims: &[Claim<'_>]) -> bool {
        let chosen = self.choose(id, claims);
        chosen.is_some_and(|(_, known)| matches!(known.outcome, Outcome::Unread | Outcome::Passed))
    }

    /// Everything that is loaded, with what it was loaded of.
    pub(super) fn loaded(&self) -> Vec<(Arc<Facts>, Loaded)> {
        let active = self
            .active
            .values()
            .map(|active| (Arc::clone(&active.facts), active.loaded.clone()));
        let waiting =
            self.files
                .values()
                .filter_map(|known| match (&known.facts, &known.outcome) {
                    (Some(facts), Outcome::Loaded(loaded)) => {
                        Some((Arc::clone(facts), loaded.clone()))
                    }
                    _ => None,
                });
        active.chain(waiting).collect()
    }

    /// Whether nothing was found at all.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.faults.is_empty()
    }
}
