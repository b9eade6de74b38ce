use std::path::{Path, PathBuf};

use crate::nested;

/// Builds the example `hello-sync` with cargo-component and gives the component's path; none, and a line on stderr,
/// where cargo-component is not installed.
///
/// # Panics
/// It is installed and can't build the example.
pub fn cargo_component_hello_sync() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let folder = root
        .expect("two levels below the root")
        .join("examples/plugins/hello-sync");
    let installed = nested::cargo(&folder)
        .args(["component", "--version"])
        .output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: cargo-component is not installed (`cargo xtask build-examples --cargo-component --install`)"
        );
        return None;
    }
    let target = nested::target_dir(Path::new(env!("OUT_DIR")), "cargo-component");
    let mut build = nested::cargo(&folder);
    build
        .args(["component", "build", "--release", "--target-dir"])
        .arg(&target);
    let output = build.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo-component failed:\n{said}");
    Some(target.join("wasm32-wasip1/release/hello_sync.wasm"))
}
