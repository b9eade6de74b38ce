//! The files of a plugin: the folders that it was granted, opened once when it is loaded, behind `wasi:filesystem` 0.2 and
//! 0.3 alike.
//!
//! Paths are resolved by `wasmtime-wasi`, which never leaves a folder. What is added here: every use is decided on and
//! recorded ([`store`]), only regular files and folders can be opened and no links are made ([`p2`], [`p3`]), what is
//! written counts ([`quota`]), and all of it happens on the plugin's own threads ([`crate::blocking`]).

mod folder;
mod listing;
mod p2;
mod p3;
mod quota;
mod store;
mod streams;

use std::path::PathBuf;

use portcullis_host_policy::decision::Grants;
use wasmtime::component::{HasSelf, Linker};

use crate::error::Error;
use crate::private::user_folder;
use crate::state::State;

pub(crate) use folder::Folder;
pub(crate) use quota::Quota;
pub(crate) use store::Files;

/// Opens the folders that are granted.
///
/// # Errors
/// [`Error::Folder`] for the first that can't be used.
pub(crate) fn open(grants: &Grants, protected: &[PathBuf]) -> Result<Vec<Folder>, Error> {
    folder::open(grants, protected)
}

/// Puts these files in the place of those that `wasmtime-wasi` linked.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::{p2, p3};
    p2::bindings::filesystem::types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    p2::bindings::filesystem::preopens::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    p3::bindings::filesystem::types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    p3::bindings::filesystem::preopens::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// Where this user's hosts keep what no plugin may see: settings, secrets, state, audit trail and compiled code.
pub(crate) fn own_folders() -> impl Iterator<Item = PathBuf> {
    let bases = [
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
    ];
    bases
        .into_iter()
        .filter_map(|(variable, fallback)| user_folder(variable, fallback, ""))
}
