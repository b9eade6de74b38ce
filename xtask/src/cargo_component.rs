//! cargo-component, the older way to components in Rust, which a part of their authors still goes: it reads this contract's `sync-tools`,
//! and nothing asynchronous.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::packages::once;
use crate::shell::{self, cargo, root, target_dir};
use crate::toolchain;

/// The newest there is.
const VERSION: &str = "0.21.1";

/// What it compiles for, before it makes a component of that.
const TARGET: &str = "wasm32-wasip1";

/// The example plugin that cargo and it can build.
const EXAMPLE: &str = "hello-sync";

/// An installed cargo-component.
pub(crate) struct CargoComponent(PathBuf);

impl CargoComponent {
    /// Compiles it into the target folder, unless it is there: nothing is installed on the machine but Rust's target for it.
    ///
    /// # Errors
    /// cargo reaches no registry, or rustup can't add the target.
    pub(crate) fn install() -> Result<Self> {
        let folder = target_dir()?.join("cargo-component");
        once(&folder, VERSION, || {
            println!("Compiling cargo-component {VERSION} (some minutes)");
            let mut install = cargo(root());
            // It runs for seconds: compiling it is what takes time.
            install.args(["install", "cargo-component", "--version", VERSION]);
            install.args(["--locked", "--debug", "--quiet", "--root"]);
            install.arg(&folder);
            // Cargo would compile it below the machine's folder for temporary files, which can be small.
            let compiled = folder.join("compiled");
            install.arg("--target-dir").arg(&compiled);
            install.env("CARGO_PROFILE_DEV_DEBUG", "0");
            shell::run(install).context("cargo can't install cargo-component")?;
            fs::remove_dir_all(&compiled).context("what cargo-component was compiled from stays")
        })?;
        toolchain::ensure(TARGET)?;
        Ok(Self(folder))
    }

    /// Builds what it is there for: an example plugin by the contract, and a component that knows nothing of us.
    pub(crate) fn build(&self) -> Result<()> {
        let target = target_dir()?;
        let plugin = target
            .join("plugins")
            .join(format!("{EXAMPLE}.cargo-component.wasm"));
        self.build_one(&format!("examples/plugins/{EXAMPLE}"), &plugin)?;
        let stranger = target.join("languages/cargo-component.wasm");
        self.build_one("tests/languages/rust", &stranger)
    }

    fn build_one(&self, package: &str, out: &Path) -> Result<()> {
        println!("Building {package} with cargo-component");
        let target = self.0.join("built").join(package);
        let mut build = Command::new(self.0.join("bin/cargo-component"));
        build.current_dir(root().join(package));
        build.args(["component", "build", "--release", "--target-dir"]);
        build.arg(&target);
        shell::run(build)?;
        // One library, and its dependencies in a folder of their own.
        let folder = target.join(TARGET).join("release");
        let built = fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
        let built = built.filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        });
        let built: Vec<_> = built.collect();
        let [built] = built.as_slice() else {
            bail!(
                "cargo-component left no one component in {}",
                folder.display()
            );
        };
        out.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(built, out)?;
        Ok(())
    }
}
