//! The official MCP clients of other languages, against `portcullis serve` over stdio and over HTTP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::packages::{NodeModules, Python};
use crate::served::{Operator, Served};
use crate::shell;

const PYTHON: &str = "mcp==2.3.0";
const PYTHON_CLIENT: &str = include_str!("clients/client.py");

const TYPESCRIPT: (&str, &str) = ("@modelcontextprotocol/sdk", "1.32.2");
const TYPESCRIPT_CLIENT: &str = include_str!("clients/client.mjs");

/// The plugin that is there, and the one that appears while a client is connected.
const PLUGIN: &str = "everything";
const APPEARS: &str = "hello";

pub(crate) fn run() -> Result<()> {
    try_python(&install_python()?)?;
    try_typescript(&install_typescript()?)
}

/// Fetches the Python client.
///
/// # Errors
/// There is no Python 3 with its venv module, or pip reaches no index.
pub(crate) fn install_python() -> Result<Python> {
    Python::install("mcp-client", &[PYTHON])
}

pub(crate) fn try_python(python: &Python) -> Result<()> {
    let script = written(python.folder().join("client.py"), PYTHON_CLIENT)?;
    over_both(&script, || python.python())
}

/// Fetches the TypeScript client.
///
/// # Errors
/// There is no npm, or it reaches no registry.
pub(crate) fn install_typescript() -> Result<NodeModules> {
    NodeModules::install("mcp-client", &[TYPESCRIPT])
}

pub(crate) fn try_typescript(modules: &NodeModules) -> Result<()> {
    let script = written(modules.folder().join("client.mjs"), TYPESCRIPT_CLIENT)?;
    over_both(&script, || modules.node())
}

fn written(script: PathBuf, text: &str) -> Result<PathBuf> {
    fs::write(&script, text)?;
    Ok(script)
}

/// Runs a client over stdio, where it starts the server, and over HTTP, where one runs.
fn over_both(script: &Path, interpreter: impl Fn() -> Command) -> Result<()> {
    let operator = Operator::with(&[PLUGIN, APPEARS])?;
    // Both are approved; the client takes the second away before it connects.
    let folder = operator.folder_with(&[PLUGIN, APPEARS])?;
    let client = |kind: &str| {
        let mut client = interpreter();
        operator.at_home(&mut client);
        client
            .arg(script)
            .arg(operator.plugin(APPEARS))
            .arg(&folder);
        client.arg(kind);
        client
    };

    let mut stdio = client("stdio");
    stdio.arg(operator.portcullis().get_program());
    stdio.arg("serve").arg(&folder);
    shell::run(stdio)?;

    let served = Served::start(&operator, &[&folder])?;
    let mut http = client("http");
    http.arg(served.url()).env("MCP_TOKEN", served.token());
    shell::run(http).with_context(|| served.log())
}
