//! `build`, where it does not go as it should; `new` shows that it does.

use crate::support::{Ran, portcullis};
use std::fs;
use std::path::Path;

const CDYLIB: &str = "[package]\nname = \"p\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";

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

/// A crate with one source file, in a folder that goes with the value.
fn package(manifest: &str, source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    folder
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
    fails(&build(folder.path(), &[]), 1, "there is no Cargo.toml");
    fails(&build(Path::new("/nowhere"), &[]), 1, "\"/nowhere\"");
}

#[test]
fn a_crate_that_makes_no_component_is_told_what_to_add() {
    let folder = package(&CDYLIB.replace("cdylib", "rlib"), "");
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
    fs::write(
        member.join("Cargo.toml"),
        CDYLIB.replace("[workspace]\n", ""),
    )
    .unwrap();
    fs::write(member.join("src/lib.rs"), "").unwrap();
    fails(
        &build(folder.path(), &[]),
        1,
        "name the folder of one of its packages: p",
    );
}

#[test]
fn a_wrong_manifest_is_told_before_anything_is_compiled() {
    let folder = package(CDYLIB, "this is no Rust");
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
    let folder = package(CDYLIB, "this is no Rust");
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
    let folder = package(CDYLIB, "");
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

#[cfg(unix)]
#[test]
fn a_missing_target_is_named_with_the_command_that_adds_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = package(CDYLIB, "");
    // A rustc whose libraries for the target are nowhere.
    let rustc = folder.path().join("rustc");
    fs::write(&rustc, "#!/bin/sh\necho /nowhere/at-all\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = Ran::of(
        portcullis()
            .arg("build")
            .arg(folder.path())
            .env("RUSTC", &rustc),
    );
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("rustup target add wasm32-wasip2")
            && ran.stderr.contains("--install-target"),
        "{}",
        ran.stderr
    );
}
