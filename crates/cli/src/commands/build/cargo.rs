//! What `build` asks of Cargo, rustc and rustup.

use super::BuildError;
use super::process::{failure, output};
use crate::args::{CrateArgs, Format};
use cargo_metadata::{Message, Metadata, MetadataCommand, TargetKind};
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// Where Rust's programs come from.
const RUSTUP: &str = "install Rust with rustup (https://rustup.rs), so that it is on the PATH";

/// The package to build.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    /// Where its Cargo.toml lies, absolute.
    pub(super) folder: PathBuf,
    /// Cargo's target folder, unless told otherwise.
    pub(super) target_dir: PathBuf,
}

impl Package {
    /// The package whose folder or Cargo.toml `path` is.
    pub(super) fn find(path: &Path) -> Result<Self, BuildError> {
        let (folder, manifest) = locate(path)?;
        let metadata = metadata(&folder, &manifest)?;
        // Not `root_package`: a member of a workspace without a root is none.
        let package = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest);
        let Some(package) = package else {
            let members = metadata.workspace_packages();
            let members = members
                .iter()
                .map(|package| package.name.to_string())
                .collect();
            return Err(BuildError::Workspace {
                path: manifest,
                members,
            });
        };
        let is_cdylib = package
            .targets
            .iter()
            .any(|target| target.is_kind(TargetKind::CDyLib));
        if !is_cdylib {
            return Err(BuildError::NotCdylib {
                package: package.name.to_string(),
            });
        }
        Ok(Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            description: package.description.clone(),
            folder,
            target_dir: metadata.target_directory.clone().into(),
        })
    }
}

/// The folder and the Cargo.toml of a crate.
fn locate(path: &Path) -> Result<(PathBuf, PathBuf), BuildError> {
    let missing = || BuildError::NoProject {
        path: path.to_path_buf(),
    };
    let full = path.canonicalize().map_err(|_| missing())?;
    let manifest = if full.is_dir() {
        full.join("Cargo.toml")
    } else {
        full
    };
    match manifest.parent() {
        Some(folder) if manifest.ends_with("Cargo.toml") && manifest.is_file() => {
            Ok((folder.to_path_buf(), manifest))
        }
        _ => Err(missing()),
    }
}

fn metadata(folder: &Path, manifest: &Path) -> Result<Metadata, BuildError> {
    let unreadable = |reason: String| BuildError::Metadata {
        path: manifest.to_path_buf(),
        reason,
    };
    let mut command = MetadataCommand::new();
    command
        .manifest_path(manifest)
        .current_dir(folder)
        .no_deps();
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => unreadable(stderr),
        cargo_metadata::Error::Io(source) => BuildError::Program {
            program: "cargo".into(),
            source,
            remedy: RUSTUP,
        },
        other => unreadable(other.to_string()),
    })
}

/// Makes sure that the target's standard library is there, with rustup where `install` allows it.
pub(super) fn require_target(
    folder: &Path,
    install: bool,
    format: Format,
) -> Result<(), BuildError> {
    if has_target(folder)? {
        return Ok(());
    }
    if !install {
        return Err(BuildError::TargetMissing);
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    let added = output(rustup, folder, format == Format::Text, RUSTUP)?;
    match added.status.success() {
        true => Ok(()),
        false => Err(BuildError::TargetNotAdded {
            reason: failure(&added),
        }),
    }
}

fn has_target(folder: &Path) -> Result<bool, BuildError> {
    let mut rustc = Command::new(tool("RUSTC", "rustc"));
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let answer = output(rustc, folder, false, RUSTUP)?;
    Ok(answer.status.success()
        && Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir())
}

/// Runs `cargo build`, and gives the component's path. Cargo shows its own progress, and the compiler its messages, on
/// stderr; for `--output json` they are kept for the error.
pub(super) fn compile(
    package: &Package,
    args: &CrateArgs,
    format: Format,
) -> Result<PathBuf, BuildError> {
    let mut cargo = Command::new(tool("CARGO", "cargo"));
    cargo.args([
        "build",
        "--lib",
        "--target",
        TARGET,
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo
        .arg("--manifest-path")
        .arg(package.folder.join("Cargo.toml"));
    if args.release {
        cargo.arg("--release");
    }
    if let Some(folder) = &args.target_dir {
        cargo
            .arg("--target-dir")
            .arg(std::path::absolute(folder).map_err(BuildError::io("find", folder))?);
    }
    let built = output(cargo, &package.folder, format == Format::Text, RUSTUP)?;
    if !built.status.success() {
        let diagnostics = String::from_utf8_lossy(&built.stderr).into_owned();
        return Err(BuildError::Compile {
            package: package.name.clone(),
            diagnostics,
        });
    }
    let manifest = package.folder.join("Cargo.toml");
    let artifacts =
        Message::parse_stream(built.stdout.as_slice()).filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) if artifact.manifest_path == manifest => {
                Some(artifact)
            }
            _ => None,
        });
    let mut files = artifacts.flat_map(|artifact| artifact.filenames);
    let file = files.find(|file| file.extension() == Some("wasm"));
    file.map(PathBuf::from)
        .ok_or_else(|| BuildError::NoArtifact {
            package: package.name.clone(),
        })
}

/// Cargo tells its subcommands which cargo and rustc it means; otherwise those on the PATH.
fn tool(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.into())
}
