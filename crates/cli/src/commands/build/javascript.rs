//! JavaScript and TypeScript: a component made by jco, with one of its two engines inside.

use super::process::run;
use super::project::Project;
use super::tools::{Installer, Tool, on_path, program};
use super::{BuildError, contract};
use crate::args::{CrateArgs, Format};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const JCO: Tool = Tool {
    name: "jco",
    installer: Installer::Npm,
    place: |home| program(&home.join(".bin"), "jco"),
};

/// Where this file is, the types are checked before the build: the bundler only strips them.
const TSCONFIG: &str = "tsconfig.json";

/// The bundler leaves the host's interfaces, `namespace:package/interface`, to the engine; modules of Node's and of the
/// tool's own it resolves.
const BUNDLE: &str =
    "export default { external: [/^(?!node:|jco:)[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\\//] };\n";

/// What package.json says about the build.
#[derive(Deserialize)]
struct Package {
    /// The module that holds what the plugin exports.
    main: PathBuf,
    #[serde(default)]
    portcullis: Settings,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    engine: Engine,
}

/// What runs the JavaScript.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Engine {
    /// Small and quick to start; `async` exports, no `async` imports.
    #[default]
    QuickJs,
    /// The whole web platform; neither.
    StarlingMonkey,
}

/// The component. Declarations of the plugin's world are written too, into `types` in the target folder.
pub(super) fn compile(
    project: &Project,
    args: &CrateArgs,
    format: Format,
) -> Result<Vec<u8>, BuildError> {
    let package = package(&project.folder)?;
    let jco = JCO.require(project, args, format)?;
    let wit = contract::lay_out(project)?;
    let mut types = Command::new(&jco);
    types.arg("guest-types").arg(&wit).arg("--quiet");
    types.arg("--out-dir").arg(project.fresh("types")?);
    run(JCO.name, types, &project.folder)?;
    if project.folder.join(TSCONFIG).is_file() {
        check_types(project, &jco)?;
    }

    let folder = project.fresh("component")?;
    let bundle = folder.join("bundle.mjs");
    fs::write(&bundle, BUNDLE).map_err(BuildError::io("write", &bundle))?;
    let made = folder.join("component.wasm");
    let mut componentize = Command::new(&jco);
    componentize
        .arg("componentize")
        .arg(project.folder.join(&package.main));
    componentize.arg("--wit").arg(&wit);
    componentize
        .arg("--bundle")
        .arg("--bundle-config")
        .arg(&bundle);
    match package.portcullis.engine {
        Engine::QuickJs => componentize.args(["--backend", "quickjs"]),
        // A plugin answers calls, not requests.
        Engine::StarlingMonkey => {
            componentize.args(["--backend", "starlingmonkey", "--disable", "http"]);
            componentize.args(["--disable", "fetch-event"])
        }
    };
    componentize.arg("--out").arg(&made);
    run(JCO.name, componentize, &project.folder)?;
    fs::read(&made).map_err(BuildError::io("read", &made))
}

/// With the TypeScript that was installed beside jco.
fn check_types(project: &Project, jco: &Path) -> Result<(), BuildError> {
    let beside = jco.parent().and_then(|folder| program(folder, "tsc"));
    let Some(tsc) = beside.or_else(|| on_path("tsc")) else {
        return Err(BuildError::ToolNotListed {
            tool: "typescript",
            list: "package.json",
        });
    };
    let mut check = Command::new(tsc);
    check.args(["--noEmit", "--project", TSCONFIG]);
    run("tsc", check, &project.folder)
}

fn package(folder: &Path) -> Result<Package, BuildError> {
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).map_err(BuildError::io("read", &path))?;
    serde_json::from_str(&text).map_err(|error| BuildError::Package {
        path,
        problem: error.to_string(),
    })
}
