//! Builds every example plugin the way an author does, with `portcullis build`, into `target/plugins`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo_component::CargoComponent;
use crate::shell::{self, cargo, root, target_dir};
use crate::{languages, toolchain};

pub(crate) fn run() -> Result<()> {
    build(&portcullis()?, &plugins()?).map(drop)
}

/// The one that cargo-component can build, built with it too.
pub(crate) fn with_cargo_component() -> Result<()> {
    run()?;
    CargoComponent::install()?.build()
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
