//! `dev` on a real crate that changes under it.

use crate::support::{Ran, portcullis};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Longest time for a build on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(300);

/// The folder that `new`'s tests build into, so that the SDK is compiled once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-crates")
}

/// A crate with the tool `greet`, which answers with a word.
struct Crate {
    place: tempfile::TempDir,
    name: &'static str,
}

impl Crate {
    fn new(name: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        Ran::of(portcullis().args(["new", name]).current_dir(place.path())).ok();
        let krate = Self { place, name };
        // The versions that the repository is tested with, and no look at the registry.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        std::fs::copy(lock, krate.folder().join("Cargo.lock")).unwrap();
        krate.answers("one");
        krate
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join(self.name)
    }

    fn write(&self, source: &str) {
        std::fs::write(self.folder().join("src/lib.rs"), source).unwrap();
    }

    fn answers(&self, word: &str) {
        self.write(&source(word, "Greets."));
    }

    /// Where `dev` puts the plugin.
    fn plugin(&self) -> PathBuf {
        let file = format!("{}.wasm", self.name);
        target().join("plugins").join(file)
    }

    /// Starts `dev`, which calls the tool.
    fn dev(&self, wrapper: Option<&Path>) -> Dev {
        let mut command = portcullis();
        command
            .args(["dev", "--output=json", "--tool=greet"])
            .arg(self.folder())
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(wrapper) = wrapper {
            command.env("RUSTC_WORKSPACE_WRAPPER", wrapper);
        }
        let mut child = command.spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Dev { child, lines }
    }
}

fn source(word: &str, description: &str) -> String {
    format!(
        "use portcullis_guest_sdk::prelude::*;\n/// {description}\n#[plugin_tool]\nfn greet() -> String {{ {word:?}.into() }}\n"
    )
}

/// Reads lines as they come, for as long as somebody wants them.
fn lines(stdout: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or_else(|_| json!({ "no JSON": line }));
            if sender.send(value).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The command as it runs.
struct Dev {
    child: Child,
    lines: Receiver<Value>,
}

impl Dev {
    #[track_caller]
    fn next(&self) -> Value {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("dev says something")
    }

    #[track_caller]
    fn answer(&self) -> String {
        let line = self.next();
        let answer = &line["output"]["content"][0]["text"];
        answer.as_str().unwrap_or_else(|| panic!("{line}")).into()
    }

    #[track_caller]
    fn event(&self, event: &str) -> Value {
        let line = self.next();
        assert_eq!(line["event"], event, "{line}");
        line
    }

    /// Presses Ctrl-C, and gives what the command said on stderr.
    #[track_caller]
    fn interrupt(&mut self) -> String {
        let id = self.child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(killed.unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn digest(plugin: &Path) -> Value {
    let bytes = std::fs::read(plugin).unwrap();
    json!(portcullis_host_policy::Digest::of(&bytes))
}

#[cfg(unix)]
#[test]
fn what_changes_is_built_and_called_and_what_fails_leaves_the_last_good_plugin() {
    let krate = Crate::new("dev-changes");
    let mut dev = krate.dev(None);
    let built = dev.event("built");
    assert_eq!(built["plugin"]["tools"], json!(["greet"]));
    assert_eq!(dev.answer(), "one");

    krate.answers("two");
    let good = dev.event("built")["plugin"]["digest"].clone();
    assert_ne!(good, built["plugin"]["digest"]);
    assert_eq!(dev.answer(), "two");

    krate.write("this is no Rust");
    assert_eq!(dev.event("failed")["kept"], good);
    assert_eq!(digest(&krate.plugin()), good);
    // It compiles, and is no plugin.
    krate.write("");
    assert_eq!(dev.event("failed")["kept"], good);
    assert_eq!(digest(&krate.plugin()), good);

    let more = source("three", "Greets well.") + "#[plugin_tool]\nfn part() -> u8 { 1 }\n";
    krate.write(&more);
    let changes = json!([
        { "kind": "tools", "name": "greet", "change": "changed", "parts": ["description"] },
        { "kind": "tools", "name": "part", "change": "new", "parts": [] },
    ]);
    assert_eq!(dev.event("built")["changes"], changes);
    assert_eq!(dev.answer(), "three");

    // The manifest and the package count too.
    let manifest = "[plugin]\nid = \"dev-changes\"\nversion = \"two\"\n";
    std::fs::write(krate.folder().join("plugin.toml"), manifest).unwrap();
    dev.event("failed");
    std::fs::write(
        krate.folder().join("plugin.toml"),
        manifest.replace("two", "2.0.0"),
    )
    .unwrap();
    dev.event("built");
    assert_eq!(dev.answer(), "three");

    let said = dev.interrupt();
    assert!(said.contains("expected one of"), "{said}");
    assert!(said.contains("no-tools"), "{said}");
}

#[cfg(unix)]
#[test]
fn many_changes_at_once_are_one_build_and_one_during_it_is_another() {
    use std::os::unix::fs::PermissionsExt;
    let krate = Crate::new("dev-many");
    let place = krate.place.path();
    let (held, begun) = (place.join("held"), place.join("begun"));
    // Stands for a compiler that has read its source and is not done.
    let wrapper = place.join("wrapper");
    let script = format!(
        "#!/bin/sh\n\"$@\"\ncode=$?\nwhile [ -e {held:?} ]; do : > {begun:?}; sleep 0.05; done\nexit $code\n"
    );
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();

    let mut dev = krate.dev(Some(&wrapper));
    dev.event("built");
    assert_eq!(dev.answer(), "one");

    for number in 0..300 {
        std::fs::write(krate.folder().join("src/other.rs"), number.to_string()).unwrap();
        krate.answers(&format!("many {number}"));
    }
    let mut builds = 0;
    while dev.next()["output"]["content"][0]["text"] != "many 299" {
        builds += 1;
    }
    assert!(builds < 12, "{builds} lines were said of 600 changes");

    std::fs::write(&held, "").unwrap();
    krate.answers("before");
    while !begun.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    krate.answers("during");
    std::fs::remove_file(&held).unwrap();
    while dev.next()["output"]["content"][0]["text"] != "during" {}
    dev.interrupt();
}

#[test]
fn a_folder_without_a_crate_is_no_crate_to_watch() {
    let place = tempfile::tempdir().unwrap();
    let ran = Ran::of(portcullis().arg("dev").arg(place.path()));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("there is no Cargo.toml"),
        "{}",
        ran.stderr
    );
}
