//! From nothing to a call, outside the repository.

use crate::support::{Ran, portcullis};
use std::path::{Path, PathBuf};
use std::process::Command;

/// All new crates of these tests are built into one folder, so that the SDK is compiled once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-crates")
}

/// Offline: the SDK's dependencies are those of this repository, and already fetched.
fn cargo(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(
        Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true"),
    )
}

fn in_folder(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(
        portcullis()
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", target())
            .env("CARGO_NET_OFFLINE", "true"),
    )
}

#[track_caller]
fn made_and_called(template: &str, call: &[&str]) -> String {
    made(template, call).ok()
}

/// Makes a crate, tests it, builds it and makes the call that its README shows, which may fail.
#[track_caller]
fn made(template: &str, call: &[&str]) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let name = format!("made-{template}");
    in_folder(place.path(), &["new", &name, "--template", template]).ok();
    let folder = place.path().join(&name);
    // The versions that the repository is tested with, and no look at the registry.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    std::fs::copy(lock, folder.join("Cargo.lock")).unwrap();

    let tested = cargo(&folder, &["test"]).ok();
    assert!(tested.contains("test result: ok. 1 passed"), "{tested}");
    let built = in_folder(&folder, &["build"]).ok();
    assert!(built.contains("sha256:"), "{built}");

    let plugin = target().join("plugins").join(format!("{name}.wasm"));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    // In a shell the JSON stands in quotes.
    let shown = readme.replace('\'', "");
    assert!(
        shown.contains(&format!("{name}.wasm {}", call.join(" "))),
        "{readme}"
    );
    in_folder(
        &folder,
        &[&["call", plugin.to_str().unwrap()], call].concat(),
    )
}

#[test]
fn a_new_tool_tests_builds_and_runs() {
    assert_eq!(
        made_and_called("tool", &["greet", "--arg", "name=World"]),
        "Hello, World!\n"
    );
}

#[test]
fn a_new_streaming_tool_tests_builds_and_runs() {
    assert_eq!(
        made_and_called("streaming-tool", &["count", "--arg", "to=3", "--stream"]),
        "1\n2\n3\n"
    );
}

#[test]
fn a_new_session_tests_builds_and_runs() {
    let calls = [
        "add",
        "--args",
        "{\"item\": \"milk\"}",
        "--args",
        "{\"item\": \"bread\"}",
    ];
    let answers = made_and_called("session", &calls);
    let lists = serde_json::Deserializer::from_str(&answers).into_iter::<Vec<String>>();
    assert_eq!(
        lists.map(Result::unwrap).collect::<Vec<_>>(),
        [vec!["milk"], vec!["milk", "bread"]]
    );
}

#[test]
fn a_new_http_tool_tests_builds_and_is_denied_until_it_is_allowed() {
    let ran = made("http-tool", &["city", "--arg", "name=Berlin"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("--allow 'http:GET https://api.example.com/cities'"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_folder_that_is_there_is_never_touched() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("taken")).unwrap();
    let ran = in_folder(place.path(), &["new", "taken"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("exists already"), "{}", ran.stderr);
    assert_eq!(
        std::fs::read_dir(place.path().join("taken"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_name_that_cargo_would_refuse_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    for name in ["Hello", "../x", "fn", "9", "a_b"] {
        let ran = in_folder(place.path(), &["new", name, "--output=json"]);
        assert_eq!(
            (ran.code, &ran.error()["kind"]),
            (Some(2), &"new".into()),
            "{name}"
        );
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn the_sdk_is_a_path_or_a_version() {
    let place = tempfile::tempdir().unwrap();
    let manifest =
        |name: &str| std::fs::read_to_string(place.path().join(name).join("Cargo.toml")).unwrap();
    in_folder(
        place.path(),
        &["new", "by-version", "--sdk-version", "0.1.3"],
    )
    .ok();
    assert!(
        manifest("by-version").contains("portcullis-guest-sdk = { version = \"^0.1.3\" }"),
        "{}",
        manifest("by-version")
    );
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("guest-sdk");
    in_folder(
        place.path(),
        &["new", "by-path", "--sdk-path", sdk.to_str().unwrap()],
    )
    .ok();
    assert!(manifest("by-path").contains(&format!("path = {:?}", sdk.canonicalize().unwrap())));
    let ran = in_folder(
        place.path(),
        &["new", "by-nothing", "--sdk-path", "/nowhere"],
    );
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("is not the SDK"), "{}", ran.stderr);
    assert!(!place.path().join("by-nothing").exists());
}

#[test]
fn what_was_made_is_told_to_programs() {
    let place = tempfile::tempdir().unwrap();
    let made = in_folder(place.path(), &["new", "x", "--output=json"]).json();
    assert_eq!(made["path"], "x");
    for file in made["files"].as_array().unwrap() {
        assert!(
            place
                .path()
                .join("x")
                .join(file.as_str().unwrap())
                .is_file(),
            "{file}"
        );
    }
}
