//! Builds every example plugin the way an author does, with `portcullis build`, into `target/plugins`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::{self, cargo, exists, root, target_dir};
use crate::{languages, toolchain};

/// The newest cargo-component; it reads what this contract's `sync-tools` needs, and nothing asynchronous.
const CARGO_COMPONENT: &str = "0.21.1";

/// The example that both build paths can build.
const SYNC_EXAMPLE: &str = "hello-sync";

/// Whether a missing cargo-component is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    Yes,
    No,
}

pub(crate) fn run(cargo_component: Option<Install>) -> Result<()> {
    build(&portcullis()?, &plugins()?)?;
    if let Some(install) = cargo_component {
        with_cargo_component(install)?;
    }
    Ok(())
}

/// Those in Rust and those in other languages.
pub(crate) fn all_languages() -> Result<()> {
    let portcullis = portcullis()?;
    build(&portcullis, &plugins()?)?;
    languages::build(&portcullis)
}

/// The example plugins' names, which are those of their folders and packages.
pub(crate) fn plugins() -> Result<Vec<String>> {
    let folder = root().join("examples/plugins");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Builds these plugins with the `portcullis` command and gives the folder that holds them.
pub(crate) fn build(portcullis: &Path, names: &[impl AsRef<str>]) -> Result<PathBuf> {
    toolchain::ensure_target()?;
    let folder = target_dir()?.join("plugins");
    fs::create_dir_all(&folder)?;
    for name in names.iter().map(AsRef::as_ref) {
        println!("Building the plugin {name}");
        let mut build = std::process::Command::new(portcullis);
        build.current_dir(root()).args(["build", "--release"]);
        build.arg("--target-dir").arg(target_dir()?.join("guests"));
        build.arg("--out").arg(folder.join(format!("{name}.wasm")));
        build.arg(Path::new("examples/plugins").join(name));
        shell::run(build)?;
    }
    Ok(folder)
}

/// Builds the `portcullis` command and gives its path.
pub(crate) fn portcullis() -> Result<PathBuf> {
    binary("portcullis")
}

/// Builds a program of the workspace and gives its path.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    println!("Building the {name} command (some minutes the first time)");
    let mut build = cargo(root());
    // All packages, and `--examples` of which there are none, choose the features that dependencies have in the tests:
    // the engine takes minutes to compile, and would be compiled again for any other set.
    build.args(["build", "--workspace", "--bin", name, "--examples"]);
    shell::run(build)?;
    Ok(target_dir()?
        .join("debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

fn with_cargo_component(install: Install) -> Result<()> {
    let installed = exists("cargo", &["component", "--version"]);
    if !installed && install == Install::No {
        println!(
            "cargo-component is not installed; `--install` fetches it. {SYNC_EXAMPLE} was built with cargo only."
        );
        return Ok(());
    }
    if !installed {
        let mut fetch = cargo(root());
        fetch.args([
            "install",
            "cargo-component",
            "--version",
            CARGO_COMPONENT,
            "--locked",
        ]);
        shell::run(fetch)?;
    }
    println!("Building the plugin {SYNC_EXAMPLE} with cargo-component");
    let target = target_dir()?.join("cargo-component");
    let mut build = cargo(&root().join("examples/plugins").join(SYNC_EXAMPLE));
    build
        .args(["component", "build", "--release", "--target-dir"])
        .arg(&target);
    shell::run(build)?;
    let built = target
        .join("wasm32-wasip1/release")
        .join(format!("{}.wasm", SYNC_EXAMPLE.replace('-', "_")));
    let placed = target_dir()?
        .join("plugins")
        .join(format!("{SYNC_EXAMPLE}.cargo-component.wasm"));
    fs::copy(&built, &placed)
        .with_context(|| format!("cargo-component left no {}", built.display()))?;
    Ok(())
}
