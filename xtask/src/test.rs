//! Every test there is.

use anyhow::Result;

use crate::build_examples::plugins;
use crate::shell::{self, cargo, exists, root, target_dir};
use crate::steps::Steps;
use crate::{clients, conformance, toolchain};

pub(crate) fn run() -> Result<()> {
    toolchain::ensure_target()?;
    let mut steps = Steps::default();
    steps.step("tests of the workspace", workspace);
    steps.step("doc tests", doc_tests);
    for plugin in plugins()? {
        steps.step(
            &format!("native tests of the example plugin {plugin}"),
            || native(&plugin),
        );
    }
    let suite = "conformance of `portcullis serve` to the Model Context Protocol";
    steps.step_with(suite, conformance::install, |suite| {
        conformance::judge(&suite)
    });
    let (python, typescript) = ("the official MCP client for Python", "… for TypeScript");
    steps.step_with(python, clients::install_python, |client| {
        clients::try_python(&client)
    });
    steps.step_with(typescript, clients::install_typescript, |client| {
        clients::try_typescript(&client)
    });
    steps.finish()
}

fn workspace() -> Result<()> {
    let mut cargo = cargo(root());
    if exists("cargo", &["nextest", "--version"]) {
        cargo.args(["nextest", "run", "--workspace"]);
    } else {
        // All kinds of targets but the doc tests, which have a step of their own.
        cargo.args([
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ]);
    }
    shell::run(cargo)
}

fn doc_tests() -> Result<()> {
    let mut cargo = cargo(root());
    cargo.args(["test", "--workspace", "--doc"]);
    shell::run(cargo)
}

/// One package an invocation: together, features that one asks for would change the others.
fn native(plugin: &str) -> Result<()> {
    let mut cargo = cargo(&root().join("examples/plugins"));
    cargo
        .args(["test", "--package", plugin, "--target-dir"])
        .arg(target_dir()?.join("guests-native"));
    shell::run(cargo)
}
