//! `build`, where it does not go as it should; `new` shows that it does.

use crate::support::{Ran, portcullis};
use std::fs;
use std::path::Path;

fn build(folder: &Path, options: &[&str]) -> Ran {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-crates");
    Ran::of(
        portcullis()
            .args(["build", "--output=json"])
            .args(options)
            .arg(folder)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_NET_OFFLINE", "true"),
    )
}

/// A crate with one source file, in a folder that goes with the value. Each has a name of its own: Cargo takes crates of
/// one name in one target folder for the same.
fn package(name: &str, kind: &str, source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!("{}\n[workspace]\n", manifest(name, kind));
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    folder
}

fn manifest(name: &str, kind: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"{kind}\"]\n"
    )
}

#[track_caller]
fn fails(ran: &Ran, code: i32, words: &str) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    assert!(
        ran.error()["message"].as_str().unwrap().contains(words),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_folder_without_a_crate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fails(&build(folder.path(), &[]), 1, "there is no plugin project");
    fails(&build(Path::new("/nowhere"), &[]), 1, "\"/nowhere\"");
}

#[test]
fn a_crate_that_makes_no_component_is_told_what_to_add() {
    let folder = package("no-cdylib", "rlib", "");
    fails(&build(folder.path(), &[]), 1, "crate-type = [\"cdylib\"]");
}

#[test]
fn a_workspace_is_told_to_name_a_package() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"member\"]\nresolver = \"3\"\n",
    )
    .unwrap();
    let member = folder.path().join("member");
    fs::create_dir_all(member.join("src")).unwrap();
    fs::write(member.join("Cargo.toml"), manifest("member", "cdylib")).unwrap();
    fs::write(member.join("src/lib.rs"), "").unwrap();
    fails(
        &build(folder.path(), &[]),
        1,
        "name the folder of one of its packages: member",
    );
    let of_member = build(
        &member,
        &["--out", folder.path().join("out.wasm").to_str().unwrap()],
    );
    assert_eq!(
        of_member.error()["kind"],
        "no-tools",
        "it was built: {}",
        of_member.stderr
    );
}

#[test]
fn a_wrong_manifest_is_told_before_anything_is_compiled() {
    let folder = package("wrong-manifest", "cdylib", "this is no Rust");
    fs::write(
        folder.path().join("plugin.toml"),
        "[plugin]\nid = \"p\"\nversion = \"1.0.0\"\nnmae = \"x\"\n",
    )
    .unwrap();
    let ran = build(folder.path(), &[]);
    fails(&ran, 3, "nmae");
    assert_eq!(ran.error()["mistakes"][0]["line"], 4);
}

#[test]
fn a_compiler_s_messages_are_kept_for_programs() {
    let folder = package("no-rust", "cdylib", "this is no Rust");
    let ran = build(folder.path(), &[]);
    fails(&ran, 1, "did not compile");
    assert!(
        ran.error()["diagnostics"]
            .as_str()
            .unwrap()
            .contains("src/lib.rs:1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_component_that_is_no_plugin_is_not_written() {
    let folder = package("no-plugin", "cdylib", "");
    let out = folder.path().join("out.wasm");
    let ran = build(folder.path(), &["--out", out.to_str().unwrap()]);
    assert_eq!(
        (ran.code, &ran.error()["kind"]),
        (Some(3), &"no-tools".into()),
        "{}",
        ran.stderr
    );
    assert!(!out.exists());
}

/// A crate, and a rustc whose libraries for the target are nowhere.
#[cfg(unix)]
fn without_target(name: &str) -> (tempfile::TempDir, std::process::Command) {
    let folder = package(name, "cdylib", "");
    script(&folder.path().join("rustc"), "echo /nowhere/at-all");
    let mut build = portcullis();
    build
        .arg("build")
        .arg(folder.path())
        .env("RUSTC", folder.path().join("rustc"));
    (folder, build)
}

#[cfg(unix)]
fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_missing_target_is_named_with_the_command_that_adds_it() {
    let (_folder, mut build) = without_target("no-target");
    let ran = Ran::of(&mut build);
    assert_eq!(ran.code, Some(1));
    for words in ["rustup target add wasm32-wasip2", "--install-tools"] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_missing_target_is_added_with_rustup_where_that_is_asked_for() {
    let (folder, mut build) = without_target("add-target");
    script(
        &folder.path().join("rustup"),
        "echo asked for: \"$@\" >&2; exit 1",
    );
    let path = std::env::var("PATH").unwrap();
    build
        .args(["--install-tools", "--output=json"])
        .env("PATH", format!("{}:{path}", folder.path().display()));
    fails(
        &Ran::of(&mut build),
        1,
        "asked for: target add wasm32-wasip2",
    );
}
