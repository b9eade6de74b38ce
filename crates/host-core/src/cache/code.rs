//! The one place that makes native code of bytes it did not compile in this process, and so the one with `unsafe`.

#![allow(unsafe_code)]

use std::fs::File;

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Loads verified code, mapped from its open file where the system can, so that a plugin that is never
/// called takes no memory for its code.
pub(super) fn load(engine: &Engine, file: &File, code: &[u8]) -> Result<Component> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        if std::path::Path::new(&path).exists() {
            // SAFETY: `deserialize_file` wants bytes that this version of wasmtime serialized and that don't change while they
            // are mapped. The bytes of `file` were read and their authentication code verified, and it covers a key made of
            // wasmtime's version and engine configuration, so a host with this user's secret serialized them. The path
            // names that same open file, whatever the folder's entry names by now. Entries are written under another
            // name, moved into place and never written again, in a folder that no other user can enter; who can write to
            // it all the same is this user, who could as well change the process.
            return unsafe { Component::deserialize_file(engine, path) };
        }
    }
    let _ = file;
    // SAFETY: as above, and these are the very bytes in memory that were verified.
    unsafe { Component::deserialize(engine, code) }
}
