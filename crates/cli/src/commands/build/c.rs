//! C: a module compiled by zig or wasi-sdk's clang, with bindings made here, wrapped into a component.

use super::process::run;
use super::project::Project;
use super::tools::{Installer, Tool, program};
use super::{BuildError, contract};
use crate::args::{CrateArgs, Format};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER_NAME,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_component::ComponentEncoder;

/// Names the folder of a wasi-sdk, as its own documentation does; its clang is taken instead of zig.
const WASI_SDK: &str = "WASI_SDK_PATH";

const ZIG: Tool = Tool {
    name: "zig",
    installer: Installer::Pip,
    place: packaged_zig,
};

/// The component. The bindings are written into `bindings` in the target folder, where the compiler finds them.
pub(super) fn compile(
    project: &Project,
    args: &CrateArgs,
    format: Format,
) -> Result<Vec<u8>, BuildError> {
    let (tool, mut compiler) = compiler(project, args, format)?;
    let (mut resolve, world) = world(&contract::lay_out(project)?)?;
    let bindings = bindings(project, &mut resolve, world)?;
    let module = project.fresh("component")?.join("module.wasm");
    compiler.args(["-mexec-model=reactor", "-std=c17", "-Wall"]);
    compiler.arg(if args.release { "-Os" } else { "-O1" });
    compiler.arg("-I").arg(&bindings).arg("-o").arg(&module);
    // The bindings' object file carries the world's type into the module.
    for (folder, extension) in [
        (&project.folder.join("src"), "c"),
        (&bindings, "c"),
        (&bindings, "o"),
    ] {
        let files = files(folder, extension).map_err(BuildError::io("read the folder", folder))?;
        compiler.args(files);
    }
    run(tool, compiler, &project.folder)?;
    let module = fs::read(&module).map_err(BuildError::io("read", &module))?;
    component(&module)
}

/// The project's sources.
pub(super) fn sources(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files(&folder.join("src"), "c")
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension() == Some(OsStr::new(extension)))
        .collect();
    // The same order everywhere makes the same plugin.
    files.sort();
    Ok(files)
}

/// The compiler's name and the start of its command line.
fn compiler(
    project: &Project,
    args: &CrateArgs,
    format: Format,
) -> Result<(&'static str, Command), BuildError> {
    if let Some(sdk) = env::var_os(WASI_SDK) {
        let mut clang = Command::new(Path::new(&sdk).join("bin").join("clang"));
        clang.arg("--target=wasm32-wasip1");
        return Ok(("clang", clang));
    }
    let mut zig = Command::new(ZIG.require(project, args, format)?);
    zig.args(["cc", "-target", "wasm32-wasi"]);
    Ok((ZIG.name, zig))
}

/// Where pip puts it: the package has no script of its own.
fn packaged_zig(home: &Path) -> Option<PathBuf> {
    let library = home.join(if cfg!(windows) { "Lib" } else { "lib" });
    let zig = |packages: &Path| program(&packages.join("site-packages").join("ziglang"), "zig");
    let versions = fs::read_dir(&library).ok()?.flatten();
    // `lib/python3.11/site-packages`, and on Windows `Lib/site-packages`.
    zig(&library).or_else(|| {
        versions
            .into_iter()
            .find_map(|version| zig(&version.path()))
    })
}

/// The one world of the project.
fn world(wit: &Path) -> Result<(Resolve, WorldId), BuildError> {
    let mut resolve = Resolve::default();
    let found = resolve
        .push_dir(wit)
        .and_then(|(package, _)| resolve.select_world(&[package], None));
    match found {
        Ok(world) => Ok((resolve, world)),
        Err(error) => Err(BuildError::Wit {
            reason: format!("{error:#}"),
        }),
    }
}

fn bindings(
    project: &Project,
    resolve: &mut Resolve,
    world: WorldId,
) -> Result<PathBuf, BuildError> {
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    let generated = generator.generate(resolve, world, &mut files);
    generated.map_err(|error| BuildError::Wit {
        reason: format!("C has no bindings for it: {error:#}"),
    })?;
    let folder = project.fresh("bindings")?;
    for (name, content) in files.iter() {
        let path = folder.join(name);
        fs::write(&path, content).map_err(BuildError::io("write", &path))?;
    }
    Ok(folder)
}

fn component(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let encoded = ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.validate(true).adapter(ADAPTER_NAME, ADAPTER))
        .and_then(|encoder| encoder.encode());
    encoded.map_err(|error| BuildError::Componentize {
        reason: format!("{error:#}"),
    })
}
