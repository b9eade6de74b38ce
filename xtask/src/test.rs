//! Every test there is.

use std::ffi::OsString;

use anyhow::Result;

use crate::build_examples::{self, plugins};
use crate::cargo_component::CargoComponent;
use crate::languages::{self, LANGUAGES, Language};
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
    languages(&mut steps);
    steps.finish()
}

/// Builds the plugins in other languages and loads them; what has no tools here, and can't get them, is left out and named.
fn languages(steps: &mut Steps) {
    steps.step("a component of plain Rust", || {
        languages::rust_stranger()?;
        load("rust", None)
    });
    steps.step_with(
        "components by cargo-component",
        CargoComponent::install,
        |tool| {
            tool.build()?;
            load("cargo_component", None)
        },
    );
    for language in &LANGUAGES {
        steps.step_with(
            &format!("plugins in {}", language.name),
            || language.available(),
            |()| loaded(language),
        );
    }
}

fn loaded(language: &Language) -> Result<()> {
    language.native_tests()?;
    language.build(&build_examples::portcullis()?)?;
    load(language.name, Some(language.path()?))
}

/// Runs the tests of one language; the tools for it are on the path.
fn load(language: &str, path: Option<OsString>) -> Result<()> {
    let mut cargo = cargo(root());
    // All packages, as elsewhere: the engine would be compiled again for the features of one.
    cargo.args(["test", "--workspace", "--test", "languages", "--"]);
    cargo.arg(format!("{language}::"));
    cargo.env("PORTCULLIS_TEST_TARGET", target_dir()?);
    cargo.envs(path.map(|path| ("PATH", path)));
    shell::run(cargo)
}

fn workspace() -> Result<()> {
    let mut cargo = cargo(root());
    if exists("cargo", &["nextest", "--version"]) {
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        // All kinds of targets but the doc tests, which have a step of their own.
        cargo.args([
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
            "--no-fail-fast",
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
