//! The files of one store: which folder each of its descriptors is of, and what was decided on that folder.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use portcullis_host_policy::capability::{Access, Capability, FsRule};
use portcullis_host_policy::decision::{Denial, DenyCode, Grants};
use portcullis_host_policy::request::Request;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;

use super::{Folder, Quota};
use crate::CallLimits;
use crate::access::Caller;
use crate::blocking::Blocking;
use crate::state::{Owner, State};

/// Why a file operation is not done. What the guest is told says no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No rule for it, or nothing that a rule could allow.
    Denied,
    /// A limit is used up.
    OverLimit,
    /// Its two ends lie in different folders, which are like two devices.
    TwoFolders,
}

/// One store's use of the plugin's folders.
pub(crate) struct Files {
    folders: Arc<[Folder]>,
    /// By the descriptor's number in the table.
    open: HashMap<u32, Open>,
    /// What was decided in this call, by folder and access, and under which grants.
    decided: HashMap<(usize, Access), (Arc<Grants>, bool)>,
    places: Arc<()>,
    most_places: usize,
    entries: Arc<AtomicU64>,
}

/// An open descriptor.
struct Open {
    folder: usize,
    place: Option<Arc<Place>>,
}

/// Counts what was opened for as long as a descriptor or a stream of it is there.
struct Place {
    _counted: Arc<()>,
}

impl Files {
    pub(crate) fn new(folders: &Arc<[Folder]>, limits: &CallLimits) -> Self {
        Self {
            folders: Arc::clone(folders),
            open: HashMap::new(),
            decided: HashMap::new(),
            places: Arc::default(),
            most_places: limits.descriptors as usize,
            entries: Arc::new(AtomicU64::new(limits.directory_entries)),
        }
    }

    /// Starts the next call of a warm instance: what is open stays open.
    pub(crate) fn begin(&mut self, limits: &CallLimits) {
        self.decided.clear();
        self.most_places = limits.descriptors as usize;
        self.entries = Arc::new(AtomicU64::new(limits.directory_entries));
    }

    /// Decides on a folder, once a call.
    fn decide(&mut self, folder: usize, access: Access, caller: &Caller) -> bool {
        let now = caller.grants();
        if let Some((grants, allowed)) = self.decided.get(&(folder, access))
            && Arc::ptr_eq(grants, &now)
        {
            return *allowed;
        }
        let request = request(&self.folders[folder].rule, access);
        let allowed = caller.decide(&request).is_ok();
        self.decided.insert((folder, access), (now, allowed));
        allowed
    }
}

/// The request for a folder.
fn request(rule: &FsRule, access: Access) -> Request {
    Request::Use(Capability::Fs(FsRule {
        access,
        ..rule.clone()
    }))
}

/// An operation that was allowed, with what it takes to do it.
#[derive(Clone)]
pub(super) struct Use {
    pub(super) blocking: Arc<Blocking>,
    pub(super) quota: Arc<Quota>,
    pub(super) entries: Arc<AtomicU64>,
    folders: Arc<[Folder]>,
    folder: usize,
    access: Access,
    caller: Arc<Caller>,
    /// Keeps what was opened counted while a stream reads or writes it.
    _place: Option<Arc<Place>>,
}

impl Use {
    /// Records that nothing of this kind is ever done.
    pub(super) fn forbid(&self, reason: &str) -> Refusal {
        self.record(Denial::new(DenyCode::Forbidden, reason));
        Refusal::Denied
    }

    /// Records that a limit is used up.
    pub(super) fn over(&self, limit: &str) -> Refusal {
        self.record(Denial::used_up(limit));
        Refusal::OverLimit
    }

    fn record(&self, denial: Denial) {
        let request = request(&self.folders[self.folder].rule, self.access);
        self.caller.refuse(&request, denial);
    }

    /// Takes bytes that are about to be written.
    pub(super) fn take_bytes(&self, bytes: u64) -> Result<(), Refusal> {
        let taken = self.quota.take_bytes(bytes);
        taken.then_some(()).ok_or_else(|| self.over("file-bytes"))
    }

    /// Takes a file that is about to be made.
    pub(super) fn take_file(&self) -> Result<(), Refusal> {
        let taken = self.quota.take_file();
        taken.then_some(()).ok_or_else(|| self.over("files"))
    }

    /// Whether both are in one folder.
    pub(super) fn with(&self, other: &Self) -> Result<(), Refusal> {
        let same = self.folder == other.folder;
        same.then_some(()).ok_or(Refusal::TwoFolders)
    }
}

impl State {
    /// Whether the descriptor's folder may be read, or written.
    pub(super) fn may(
        &mut self,
        descriptor: &Resource<Descriptor>,
        access: Access,
    ) -> Result<Use, Refusal> {
        let open = self.files.open.get(&descriptor.rep());
        let Open { folder, place } = open.ok_or(Refusal::Denied)?;
        let (folder, place) = (*folder, place.clone());
        let caller = &self.call.caller;
        if !self.files.decide(folder, access, caller) {
            return Err(Refusal::Denied);
        }
        let Owner {
            blocking, quota, ..
        } = &*self.owner;
        Ok(Use {
            blocking: Arc::clone(blocking),
            quota: Arc::clone(quota),
            entries: Arc::clone(&self.files.entries),
            folders: Arc::clone(&self.files.folders),
            folder,
            access,
            caller: Arc::clone(caller),
            _place: place,
        })
    }

    /// Whether one more file or folder may be opened.
    pub(super) fn may_open(&self, by: &Use) -> Result<(), Refusal> {
        let places = Arc::strong_count(&self.files.places) - 1;
        let free = places < self.files.most_places;
        free.then_some(()).ok_or_else(|| by.over("descriptors"))
    }

    /// Keeps in mind what was opened in the folder of `by`.
    pub(super) fn opened(&mut self, descriptor: &Resource<Descriptor>, by: &Use) {
        let open = Open {
            folder: by.folder,
            place: Some(Arc::new(Place {
                _counted: Arc::clone(&self.files.places),
            })),
        };
        self.files.open.insert(descriptor.rep(), open);
    }

    /// Forgets a descriptor that is closed.
    pub(super) fn closed(&mut self, descriptor: &Resource<Descriptor>) {
        self.files.open.remove(&descriptor.rep());
    }

    /// The folders that may be used now, each with a new descriptor.
    pub(super) fn folders(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let folders = Arc::clone(&self.files.folders);
        let mut found = Vec::new();
        for (at, folder) in folders.iter().enumerate() {
            if !self.files.decide(at, Access::ReadOnly, &self.call.caller) {
                continue;
            }
            let descriptor = Descriptor::Dir(folder.dir.clone());
            let descriptor = wasmtime_wasi::WasiView::ctx(self).table.push(descriptor)?;
            let open = Open {
                folder: at,
                place: None,
            };
            self.files.open.insert(descriptor.rep(), open);
            found.push((descriptor, folder.guest_path()));
        }
        Ok(found)
    }
}
