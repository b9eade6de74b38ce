//! What has to hold before a change is merged. Needs nothing but the stable toolchain.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::build_examples::plugins;
use crate::shell::{self, cargo, root, target_dir};
use crate::steps::Steps;
use crate::toolchain::{self, TARGET};
use crate::{test, tidy};

/// The command that the README gives for the tests, which is what gets run.
const TEST_COMMAND: &str = "cargo xtask test";

/// Each is a workspace of its own, because its packages are built for WebAssembly or with another toolchain.
const OUTSIDE: [&str; 4] = [
    "examples/plugins",
    "tests/guests",
    "tests/languages/rust",
    "fuzz",
];

pub(crate) fn run() -> Result<()> {
    toolchain::ensure_target()?;
    let mut steps = Steps::default();
    steps.step("format", format);
    steps.step("tidy", tidy::run);
    steps.step("clippy", clippy);
    steps.step("clippy of guests and example plugins", clippy_guests);
    steps.step(
        &format!("the README's test command: {TEST_COMMAND}"),
        readme_test,
    );
    steps.step("documentation", documentation);
    steps.finish()
}

fn format() -> Result<()> {
    for folder in ["."]
        .iter()
        .chain(&OUTSIDE)
        .map(|folder| root().join(folder))
    {
        if folder.join("Cargo.toml").is_file() {
            let mut cargo = cargo(&folder);
            cargo.args(["fmt", "--all", "--check"]);
            shell::run(cargo)?;
        }
    }
    Ok(())
}

fn clippy() -> Result<()> {
    let mut cargo = cargo(root());
    cargo.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    shell::run(cargo)
}

fn clippy_guests() -> Result<()> {
    // No guest has all features: `sync` exports what the others can't.
    let guests = [
        "--all-targets --features hooks,lifecycle,prompt,providers,resource,roles,streaming",
        "--example well_asking_sync --example well_http_sync --example well_resources_sync --features prompt,resource,sync",
    ];
    let guests = guests.map(|arguments| {
        let arguments = arguments.split(' ').map(str::to_owned);
        (root().join("tests/guests"), arguments.collect())
    });
    let plugins = plugins()?.into_iter().map(|name| {
        (
            root().join("examples/plugins"),
            vec!["--package".into(), name],
        )
    });
    for (folder, arguments) in plugins.chain(guests) {
        let mut cargo = cargo(&folder);
        cargo
            .args(["clippy", "--locked", "--target", TARGET, "--target-dir"])
            .arg(target_dir()?.join("guests"));
        cargo.args(arguments).args(["--", "-D", "warnings"]);
        shell::run(cargo)?;
    }
    Ok(())
}

fn readme_test() -> Result<()> {
    let readme = fs::read_to_string(root().join("README.md")).context("README.md can't be read")?;
    ensure!(
        gives_command(&readme, TEST_COMMAND),
        "README.md does not give `{TEST_COMMAND}` on a line of its own"
    );
    test::run()
}

fn documentation() -> Result<()> {
    let mut cargo = cargo(root());
    cargo
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings");
    shell::run(cargo)
}

/// Whether a code block or an indented line of the text is this command, whatever comment follows it.
pub(crate) fn gives_command(text: &str, command: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim().trim_start_matches("$ ");
        line.split('#')
            .next()
            .is_some_and(|line| line.trim_end() == command)
    })
}

#[cfg(test)]
mod tests {
    use super::gives_command;

    #[test]
    fn a_command_counts_where_a_reader_can_copy_it() {
        assert!(gives_command(
            "```\ncargo xtask test   # everything\n```",
            "cargo xtask test"
        ));
        assert!(gives_command("    $ cargo xtask test", "cargo xtask test"));
        assert!(!gives_command(
            "run `cargo xtask test`, or not",
            "cargo xtask test"
        ));
        assert!(!gives_command("cargo xtask tests", "cargo xtask test"));
    }
}
