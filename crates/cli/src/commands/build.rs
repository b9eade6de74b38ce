//! `portcullis build`: the component that a language's own tools make, with the manifest inside, stripped and checked.

mod c;
mod cargo;
mod contract;
mod error;
mod javascript;
mod manifest;
mod process;
mod project;
mod python;
mod strip;
mod tools;

pub(crate) use error::BuildError;

use crate::args::{BuildArgs, CrateArgs, Format};
use crate::error::CliError;
use crate::host;
use crate::output;
use portcullis_host_core::{Digest, ToolDefinition};
use portcullis_host_policy::manifest::section;
use project::Source;
use serde::Serialize;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Builds the project and says where the plugin is.
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

/// The folder of the project that `args` names.
pub(super) fn folder(args: &CrateArgs) -> Result<PathBuf, BuildError> {
    Ok(Source::find(args)?.folder())
}

/// A component with its manifest inside.
pub(super) struct Component {
    pub(super) bytes: Vec<u8>,
    /// Where it goes, unless told otherwise.
    pub(super) usual_path: PathBuf,
}

impl Component {
    /// Builds the project; nothing is written but what the language's tools write, and what is asked to be installed.
    pub(super) fn build(args: &CrateArgs, format: Format) -> Result<Self, BuildError> {
        match Source::find(args)? {
            Source::Rust(package) => {
                let manifest = manifest::of_package(&package)?;
                cargo::require_target(&package.folder, args.install_tools, format)?;
                let artifact = cargo::compile(&package, args, format)?;
                let component = fs::read(&artifact).map_err(BuildError::io("read", &artifact))?;
                let target_dir = args.target_dir.as_ref().unwrap_or(&package.target_dir);
                Self::new(&component, &manifest, args, target_dir, &package.name)
            }
            Source::Other(project) => {
                let component = project.compile(args, format)?;
                let (target_dir, manifest) = (&project.target_dir, &project.manifest);
                Self::new(&component, manifest, args, target_dir, &project.id)
            }
        }
    }

    fn new(
        component: &[u8],
        manifest: &str,
        args: &CrateArgs,
        target_dir: &Path,
        name: &str,
    ) -> Result<Self, BuildError> {
        let stripped = strip::strip(component, args.release)?;
        let bytes = section::embed(&stripped, manifest).map_err(BuildError::Embed)?;
        let usual_path = target_dir.join("plugins").join(format!("{name}.wasm"));
        Ok(Self { bytes, usual_path })
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
