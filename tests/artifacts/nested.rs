//! Cargo within cargo, for the build script.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of cargo's that nested builds share with the outer one, by how they start. All others describe a package of
/// the outer build, or carry the flags of a build for the host.
const KEPT: [&str; 6] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
];

/// The cargo that runs the outer build or test, to be run in `folder`.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo =
            text.starts_with("CARGO") || text.starts_with("RUSTC") || text == "RUSTFLAGS";
        if of_cargo && !KEPT.iter().any(|kept| text.starts_with(kept)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// A folder of its own beside `debug` and `release`: the outer cargo may hold the lock of its own.
pub(crate) fn target_dir(out_dir: &Path, name: &str) -> PathBuf {
    let target = out_dir
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.unwrap_or(out_dir).join(name)
}
