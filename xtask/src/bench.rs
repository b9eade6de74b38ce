//! Runs the bench crate, which prints its table and writes `target/bench.json`.

use anyhow::Result;

use crate::shell::{self, cargo, root};
use crate::toolchain;

pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    toolchain::ensure_target()?;
    let packages = [
        "--package",
        "portcullis-bench",
        "--package",
        "portcullis-cli",
    ];
    let mut build = cargo(root());
    build.args(["build", "--release"]).args(packages);
    shell::run(build)?;
    let mut bench = cargo(root());
    bench.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "portcullis-bench",
        "--bin",
        "portcullis-bench",
        "--",
    ]);
    bench.args(arguments);
    shell::run(bench)
}
