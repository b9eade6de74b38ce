//! `portcullis build`: Cargo's component, with the manifest inside, stripped and checked.

mod cargo;
mod strip;

use crate::args::{BuildArgs, CrateArgs, Format};
use crate::error::CliError;
use crate::host;
use crate::output;
use portcullis_host_core::{Digest, ToolDefinition};
use portcullis_host_policy::document::DocumentErrors;
use portcullis_host_policy::manifest::{Manifest, section};
use serde::Serialize;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why no plugin was built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(
        "there is no Cargo.toml at {path:?}\n  name the folder of a plugin crate; `portcullis new` makes one"
    )]
    NoCrate { path: PathBuf },
    #[error("Cargo can't read {path:?}:\n{reason}")]
    Metadata { path: PathBuf, reason: String },
    #[error("{path:?} is a workspace without a package of its own\n  name the folder of one of its packages: {}", members.join(", "))]
    Workspace { path: PathBuf, members: Vec<String> },
    #[error(
        "the package {package} makes no component: it has no library of type cdylib\n  add this to its Cargo.toml:\n    [lib]\n    crate-type = [\"cdylib\"]"
    )]
    NotCdylib { package: String },
    #[error(
        "the Rust target wasm32-wasip2 is not installed\n  run `rustup target add wasm32-wasip2`, or build with --install-target"
    )]
    TargetMissing,
    #[error(
        "rustup could not add the target wasm32-wasip2: {reason}\n  run `rustup target add wasm32-wasip2` yourself and build again"
    )]
    TargetNotAdded { reason: String },
    #[error(
        "can't run {program}: {source}\n  install Rust with rustup (https://rustup.rs), so that {program} is on the PATH"
    )]
    Program { program: String, source: io::Error },
    #[error("the package {package} did not compile; the compiler's messages say why")]
    Compile {
        package: String,
        diagnostics: String,
    },
    #[error(
        "Cargo named no .wasm file among what it built of the package {package}; clean its target folder and build again"
    )]
    NoArtifact { package: String },
    #[error("the manifest is not right\n{}", source.report(&path.to_string_lossy()))]
    Manifest {
        path: PathBuf,
        source: Box<DocumentErrors>,
    },
    #[error("Cargo built something that is no component: {0}")]
    Malformed(wasmparser::BinaryReaderError),
    #[error("can't put the manifest into {path:?}: {source}")]
    Embed {
        path: PathBuf,
        source: section::SectionError,
    },
    #[error("can't {action} {path:?}: {source}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl BuildError {
    /// For [`Result::map_err`] of an operation on a file.
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Builds the crate and says where the plugin is.
pub(crate) fn run(args: &BuildArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let plugin = Component::build(&args.krate, format)?;
    let out = args.out.as_ref().unwrap_or(&plugin.usual_path);
    let tools = tools(args, &plugin.bytes, format, verbose)?;
    write(out, &plugin.bytes)?;
    let built = Built::new(out, &plugin.bytes, tools);
    match format {
        Format::Json => output::json(&built),
        Format::Text => output::text(&built.to_string()),
    }
}

/// The folder of the crate that `args` names.
pub(super) fn folder(args: &CrateArgs) -> Result<PathBuf, BuildError> {
    Ok(cargo::Package::find(&args.path)?.folder)
}

/// A component with its manifest inside.
pub(super) struct Component {
    pub(super) bytes: Vec<u8>,
    /// Where it goes, unless told otherwise.
    pub(super) usual_path: PathBuf,
}

impl Component {
    /// Builds the crate; nothing is written but what Cargo writes.
    pub(super) fn build(args: &CrateArgs, format: Format) -> Result<Self, BuildError> {
        let package = cargo::Package::find(&args.path)?;
        let manifest = manifest(&package)?;
        cargo::require_target(&package.folder, args.install_target, format)?;
        let artifact = cargo::compile(&package, args, format)?;
        let component = fs::read(&artifact).map_err(BuildError::io("read", &artifact))?;
        let stripped = strip::strip(&component, args.release)?;
        let bytes = section::embed(&stripped, &manifest).map_err(|source| BuildError::Embed {
            path: artifact.clone(),
            source,
        })?;
        let target_dir = args.target_dir.clone().unwrap_or(package.target_dir);
        let file = format!("{}.wasm", package.name);
        Ok(Self {
            bytes,
            usual_path: target_dir.join("plugins").join(file),
        })
    }
}

/// What was built, as it is told.
#[derive(Serialize)]
pub(super) struct Built<'a> {
    path: &'a Path,
    bytes: u64,
    digest: Digest,
    tools: Vec<String>,
}

impl<'a> Built<'a> {
    pub(super) fn new(path: &'a Path, plugin: &[u8], tools: Vec<String>) -> Self {
        Self {
            path,
            bytes: plugin.len() as u64,
            digest: Digest::of(plugin),
            tools,
        }
    }
}

impl fmt::Display for Built<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = bytesize::ByteSize(self.bytes);
        writeln!(f, "{}  {size:.1}  {}", shown(self.path), self.digest)?;
        write!(f, "tools: {}", self.tools.join(", "))
    }
}

/// Asks what was built for its tools as any host would, so that mistakes show now and not at the first call.
fn tools(
    args: &BuildArgs,
    plugin: &[u8],
    format: Format,
    verbose: bool,
) -> Result<Vec<String>, CliError> {
    let session = host::start(&args.host, format, verbose)?;
    Ok(names(&session.run(session.definitions(plugin))?.tools))
}

/// The names of tools.
pub(super) fn names(tools: &[ToolDefinition]) -> Vec<String> {
    tools.iter().map(|tool| tool.name.clone()).collect()
}

/// The text of `plugin.toml` beside Cargo.toml, checked; without one, what Cargo.toml says.
fn manifest(package: &cargo::Package) -> Result<String, BuildError> {
    let path = package.folder.join("plugin.toml");
    match fs::read_to_string(&path) {
        Ok(text) => match Manifest::parse(&text) {
            Ok(_) => Ok(text),
            Err(errors) => Err(BuildError::Manifest {
                path,
                source: Box::new(errors),
            }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(default_manifest(package)),
        Err(error) => Err(BuildError::io("read", &path)(error)),
    }
}

fn default_manifest(package: &cargo::Package) -> String {
    let mut plugin = toml::Table::new();
    // A package may be called `A_b`; a plugin's id is written in lower case with hyphens.
    plugin.insert(
        "id".into(),
        package.name.to_lowercase().replace('_', "-").into(),
    );
    plugin.insert("version".into(), package.version.clone().into());
    if let Some(description) = &package.description {
        plugin.insert("description".into(), description.clone().into());
    }
    toml::Table::from_iter([("plugin".to_string(), plugin.into())]).to_string()
}

/// Writes the plugin in one step: a host that watches the file sees the old one or the new one.
pub(super) fn write(out: &Path, plugin: &[u8]) -> Result<(), BuildError> {
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(BuildError::io("make the folder", folder))?;
    let part = out.with_extension("wasm.part");
    fs::write(&part, plugin).map_err(BuildError::io("write", &part))?;
    fs::rename(&part, out).map_err(|error| {
        let _ = fs::remove_file(&part);
        BuildError::io("write", out)(error)
    })
}

/// A path as a person would type it here.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path)
        .display()
        .to_string()
}
