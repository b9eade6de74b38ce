//! The walk-through in docs/trust.md: every command on the page, run one after another by a user of whom nothing is known.

use crate::support::{Home, Ran};
use portcullis_test_artifacts as guests;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../../docs/trust.md");
const ID: &str = "org.example.greeter";

/// The commands of the page, each with what it says that they print.
fn steps() -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    let blocks = PAGE.split("```console\n").skip(1);
    for block in blocks.filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push((command.to_owned(), String::new())),
                None => {
                    let (_, printed) = steps.last_mut().expect("a command first");
                    *printed += &format!("{line}\n");
                }
            }
        }
    }
    steps
}

/// Whether a text is what the page says, where `…` stands for anything.
fn is_as_said(text: &str, said: &str) -> bool {
    let mut parts = said.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last.is_some_and(|last| last.is_empty() || text.ends_with(last))
}

/// In a shell, in the user's home.
fn run(home: &Home, command: &str) -> Ran {
    let tool = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", tool.parent().expect("a folder").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env_clear();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-cache");
    Ran::of(
        shell
            .current_dir(home.path(""))
            .envs([
                ("HOME", home.path("")),
                ("XDG_DATA_DIRS", home.path("system")),
            ])
            .envs([
                ("PATH", path),
                ("PORTCULLIS_CACHE_DIR", cache.display().to_string()),
            ]),
    )
}

/// What follows a label in what a command printed.
fn after(label: &str, printed: &str) -> Option<String> {
    let (_, rest) = printed.split_once(label)?;
    rest.lines().next().map(|value| value.trim().to_owned())
}

#[test]
fn every_command_of_the_page_prints_what_the_page_says() {
    let home = Home::new();
    home.plugin(guests::PLUGIN_HELLO, "greeter.wasm", ID, "1.0.0");
    let mut next = fs::read(guests::PLUGIN_HELLO).unwrap();
    let (old, new) = (b"Greets a person by name.", b"Greets a person, gladly.");
    let at = next.windows(old.len()).position(|window| window == old);
    next[at.unwrap()..][..old.len()].copy_from_slice(new);
    fs::write(home.path("next.wasm"), next).unwrap();
    let next = home.path("next.wasm");
    home.plugin(next.to_str().unwrap(), "greeter-1.1.0.wasm", ID, "1.1.0");

    let (mut key, mut id) = (String::new(), String::new());
    let steps = steps();
    assert!(steps.len() > 10, "the page lost its commands");
    for (command, said) in steps {
        let command = command.replace("ed25519:…", &key).replace("KEY-ID", &id);
        let printed = run(&home, &command);
        assert!(printed.stderr.is_empty(), "{command}\n{}", printed.stderr);
        let printed = printed.ok();
        assert!(
            is_as_said(&printed, &said),
            "{command}\nprinted\n{printed}\nthe page says\n{said}"
        );
        key = after("public key  ", &printed).unwrap_or(key);
        id = after("key id      ", &printed).unwrap_or(id);
    }
    let revoked = run(&home, &format!("portcullis call {ID} greet --arg name=Ada"));
    assert_eq!(revoked.code, Some(3), "{}", revoked.stderr);
}

#[test]
fn what_the_page_leaves_out_is_all_that_may_differ() {
    assert!(is_as_said("signed a as 12: b\n", "signed a as …: b\n"));
    assert!(is_as_said("one\ntwo\nthree\n", "one\n…\nthree\n"));
    assert!(!is_as_said("signed b as 12: b\n", "signed a as …: b\n"));
    assert!(!is_as_said("one\ntwo\n", "one\n"));
    assert!(!is_as_said("one …\nmore\n", "one …\nmore?\n"));
}
