//! Plugins in other languages than Rust, and components that know nothing of us: built by the languages' own tools, which
//! `portcullis build` installs into the folder of one example of each language.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell::{self, cargo, exists, root, target_dir};
use crate::toolchain::TARGET;

/// A language, by the tools that its projects share.
pub(crate) struct Language {
    /// Of the module of tests too.
    pub(crate) name: &'static str,
    /// Without this there is no way to install the tools.
    installer: (&'static str, &'static [&'static str]),
    /// Where the first example has its tools when it was built.
    tools: fn(example: &Path) -> Option<PathBuf>,
    /// Folders of `examples/plugins`.
    examples: &'static [&'static str],
    /// Folders of `tests/languages`.
    strangers: &'static [&'static str],
    /// The command that runs an example's own tests in its folder.
    native: Option<&'static [&'static str]>,
}

pub(crate) const LANGUAGES: [Language; 3] = [
    Language {
        name: "python",
        installer: ("python3", &["-m", "venv", "--help"]),
        tools: |example| Some(example.join(".venv/bin")),
        examples: &["python-stats", "python-provider"],
        strangers: &["python"],
        native: Some(&[
            "python3",
            "-m",
            "unittest",
            "discover",
            "--start-directory",
            "src",
        ]),
    },
    Language {
        name: "javascript",
        installer: ("npm", &["--version"]),
        tools: |example| Some(example.join("node_modules/.bin")),
        examples: &["js-template"],
        strangers: &["quickjs", "starlingmonkey"],
        native: Some(&["node", "--test", "test"]),
    },
    Language {
        name: "c",
        installer: ("python3", &["-m", "venv", "--help"]),
        tools: packaged_zig,
        examples: &["c-checksum"],
        strangers: &["c"],
        native: None,
    },
];

/// pip puts zig beside the package's Python, and no program of its own onto the path.
fn packaged_zig(example: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(example.join(".venv/lib")).ok()?.flatten();
    let mut folders = versions.map(|version| version.path().join("site-packages/ziglang"));
    folders.find(|folder| folder.is_dir())
}

impl Language {
    /// Whether its tools can be installed here.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn available(&self) -> Result<()> {
        let (program, arguments) = self.installer;
        ensure!(
            exists(program, arguments),
            "{}: `{}` does not run, so its tools can't be installed",
            self.name,
            [&[program], arguments].concat().join(" ")
        );
        Ok(())
    }

    /// Builds the examples into `target/plugins`, and the strangers into `target/languages`.
    pub(crate) fn build(&self, portcullis: &Path) -> Result<()> {
        for name in self.examples {
            let out = target_dir()?.join("plugins").join(format!("{name}.wasm"));
            self.build_one(portcullis, &example(name), &out)?;
        }
        for name in self.strangers {
            let out = target_dir()?.join("languages").join(format!("{name}.wasm"));
            self.build_one(portcullis, &root().join("tests/languages").join(name), &out)?;
        }
        Ok(())
    }

    fn build_one(&self, portcullis: &Path, folder: &Path, out: &Path) -> Result<()> {
        let shown = folder.strip_prefix(root()).unwrap_or(folder);
        println!("Building {}", shown.display());
        let mut build = Command::new(portcullis);
        build
            .current_dir(root())
            .args(["build", "--release", "--install-tools"]);
        build.arg("--out").arg(out).arg(shown);
        build.env("PATH", self.path()?);
        shell::run(build)
    }

    /// The PATH on which the tools of the first example are, for all others of the language.
    pub(crate) fn path(&self) -> Result<OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        let own = self
            .examples
            .first()
            .and_then(|name| (self.tools)(&example(name)));
        let folders = own.into_iter().chain(env::split_paths(&path));
        env::join_paths(folders).context("a folder of the PATH has a colon in its name")
    }

    /// Runs the examples' own tests.
    pub(crate) fn native_tests(&self) -> Result<()> {
        let Some([program, arguments @ ..]) = self.native else {
            return Ok(());
        };
        for name in self.examples {
            let mut test = Command::new(program);
            test.args(arguments).current_dir(example(name));
            shell::run(test)?;
        }
        Ok(())
    }
}

fn example(name: &str) -> PathBuf {
    root().join("examples/plugins").join(name)
}

/// Builds everything that the tools here can, and says what they can't.
pub(crate) fn build(portcullis: &Path) -> Result<()> {
    for language in &LANGUAGES {
        match language.available() {
            Err(why) => println!("Not built: {why}"),
            Ok(()) => language.build(portcullis)?,
        }
    }
    rust_stranger()
}

/// The stranger in Rust, as cargo builds it.
pub(crate) fn rust_stranger() -> Result<()> {
    println!("Building tests/languages/rust");
    let target = target_dir()?.join("guests");
    let mut plain = cargo(&root().join("tests/languages/rust"));
    plain.args(["build", "--release", "--locked", "--target", TARGET]);
    plain.arg("--target-dir").arg(&target);
    shell::run(plain)?;
    let placed = target_dir()?.join("languages");
    fs::create_dir_all(&placed)?;
    let built = target.join(TARGET).join("release/inventory.wasm");
    fs::copy(&built, placed.join("rust.wasm"))
        .with_context(|| format!("cargo left no {}", built.display()))?;
    Ok(())
}
