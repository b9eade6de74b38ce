//! Why no plugin was built.

use portcullis_host_policy::document::DocumentErrors;
use portcullis_host_policy::manifest::section;
use std::io;
use std::path::{Path, PathBuf};

/// Why no plugin was built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    #[error(
        "there is no plugin project at {path:?}: there is no Cargo.toml (Rust), package.json (JavaScript, TypeScript), src/app.py (Python) or src/*.c (C)\n  name the folder of a project; `portcullis new` makes one"
    )]
    NoProject { path: PathBuf },
    #[error("Cargo can't read {path:?}:\n{reason}")]
    Metadata { path: PathBuf, reason: String },
    #[error("{path:?} is a workspace without a package of its own\n  name the folder of one of its packages: {}", members.join(", "))]
    Workspace { path: PathBuf, members: Vec<String> },
    #[error(
        "the package {package} makes no component: it has no library of type cdylib\n  add this to its Cargo.toml:\n    [lib]\n    crate-type = [\"cdylib\"]"
    )]
    NotCdylib { package: String },
    #[error(
        "the Rust target wasm32-wasip2 is not installed\n  run `rustup target add wasm32-wasip2`, or build with --install-tools"
    )]
    TargetMissing,
    #[error(
        "rustup could not add the target wasm32-wasip2: {reason}\n  run `rustup target add wasm32-wasip2` yourself and build again"
    )]
    TargetNotAdded { reason: String },
    #[error("can't run {program}: {source}\n  {remedy}")]
    Program {
        program: String,
        source: io::Error,
        remedy: &'static str,
    },
    #[error("the package {package} did not compile; the compiler's messages say why")]
    Compile {
        package: String,
        diagnostics: String,
    },
    #[error(
        "Cargo named no .wasm file among what it built of the package {package}; clean its target folder and build again"
    )]
    NoArtifact { package: String },
    #[error(
        "{tool} is missing: it is neither in {home} nor on the PATH\n  build with --install-tools, which installs what {list} says into {home}"
    )]
    ToolMissing {
        tool: &'static str,
        home: &'static str,
        list: &'static str,
    },
    #[error(
        "{list} is not in {path:?}, so which {tool} to install is not known\n  `portcullis new` writes one; take it from a new project"
    )]
    NoToolList {
        tool: &'static str,
        list: &'static str,
        path: PathBuf,
    },
    #[error("{tool} is not among what was installed\n  add it to {list}")]
    ToolNotListed {
        tool: &'static str,
        list: &'static str,
    },
    #[error("{tool} failed:\n{diagnostics}")]
    Tool {
        tool: &'static str,
        diagnostics: String,
    },
    #[error(
        "there is no folder wit in {path:?}, which says what the plugin takes of its host and gives to it\n  make wit/world.wit, for example with:\n    package local:plugin;\n    world plugin {{ include portcullis:plugin/sync-tool-plugin@0.1.0; }}"
    )]
    NoWorld { path: PathBuf },
    #[error("the WIT of the plugin is not right: {reason}")]
    Wit { reason: String },
    #[error(
        "there is no plugin.toml in {path:?}, which names the plugin\n  make one with:\n    [plugin]\n    id = \"my-plugin\"\n    version = \"0.1.0\""
    )]
    NoManifest { path: PathBuf },
    #[error("{path:?} is not right: {problem}")]
    Package { path: PathBuf, problem: String },
    #[error("the manifest is not right\n{}", source.report(&path.to_string_lossy()))]
    Manifest {
        path: PathBuf,
        source: Box<DocumentErrors>,
    },
    #[error("what was built is no component: {0}")]
    Malformed(wasmparser::BinaryReaderError),
    #[error("what was compiled can't be made a component: {reason}")]
    Componentize { reason: String },
    #[error("can't put the manifest into the plugin: {0}")]
    Embed(section::SectionError),
    #[error("can't {action} {path:?}: {source}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl BuildError {
    /// For [`Result::map_err`] of an operation on a file.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
