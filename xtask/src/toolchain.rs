//! Makes sure that Rust's target for plugins is there.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{output, run};

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Adds the target of plugins through rustup where it is missing.
///
/// # Errors
/// It is missing and rustup can't add it.
pub(crate) fn ensure_target() -> Result<()> {
    ensure(TARGET)
}

/// The same for another target.
pub(crate) fn ensure(target: &str) -> Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    if Path::new(output(rustc)?.trim()).is_dir() {
        return Ok(());
    }
    println!("Rust's {target} target is needed; adding it.");
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", target]);
    run(rustup).with_context(|| {
        format!("install the standard library for {target} the way this Rust was installed; without rustup that is the distribution's package for it")
    })
}
