//! `portcullis secret`: kept, bound, listed, used and forgotten, and never shown.

use crate::support::{Ran, portcullis, run, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

const VALUE: &str = "correct-horse-battery-staple";

fn secret(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = portcullis();
    command
        .arg("secret")
        .args(arguments)
        .arg("--secrets-dir")
        .arg(folder);
    command
}

fn set(folder: &Path, name: &str, value: &str) -> Ran {
    let mut command = secret(folder, &["set", name]);
    with_stdin(&mut command, value)
}

fn with_stdin(command: &mut Command, text: &str) -> Ran {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends").into()
}

fn bind(folder: &Path, plugin: &str) -> Ran {
    let to = "POST https://api.example.com/v1/*";
    Ran::of(&mut secret(
        folder,
        &[
            "bind", "API_KEY", "--plugin", plugin, "--to", to, "--as", "bearer",
        ],
    ))
}

fn list(folder: &Path) -> serde_json::Value {
    Ran::of(&mut secret(folder, &["list", "--output=json"])).json()["secrets"].clone()
}

#[test]
fn a_secret_is_kept_bound_listed_and_forgotten_and_its_value_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = &folder.path().join("secrets");
    assert_eq!(list(folder), json!([]));
    let mut shown = Vec::new();
    shown.push(set(folder, "API_KEY", &format!("{VALUE}\n")));
    shown.push(bind(folder, guests::WELL_SECRETS));
    let digest = run(&["inspect", "--output=json", guests::WELL_SECRETS]).json()["digest"].clone();
    assert_eq!(
        list(folder),
        json!([{
            "name": "API_KEY",
            "kept": true,
            "bindings": [
                { "secret": "API_KEY", "identity": digest, "to": "POST https://api.example.com/v1/*", "as": "bearer" }
            ],
        }])
    );
    shown.push(Ran::of(&mut secret(folder, &["list"])));
    shown.push(Ran::of(&mut secret(
        folder,
        &["unbind", "API_KEY", "--plugin", digest.as_str().unwrap()],
    )));
    assert_eq!(list(folder)[0]["bindings"], json!([]));
    shown.push(bind(folder, digest.as_str().unwrap()));
    shown.push(Ran::of(&mut secret(folder, &["remove", "API_KEY"])));
    assert_eq!(list(folder), json!([]));
    for ran in shown {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(VALUE));
        ran.ok();
    }
    let ran = Ran::of(&mut secret(folder, &["remove", "API_KEY"]));
    assert_eq!(ran.code, Some(1));
}

/// Calls a tool with one argument and one grant.
fn call(secrets: &Path, file: &str, tool: &str, argument: &str, allow: &str) -> Ran {
    let mut command = portcullis();
    command.args(["call", file, tool, "--arg", argument, "--allow", allow]);
    Ran::of(command.arg("--secrets-dir").arg(secrets))
}

#[test]
fn a_call_uses_what_is_kept_and_only_for_the_file_that_it_is_bound_to() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = &folder.path().join("secrets");
    set(secrets, "API_KEY", VALUE).ok();
    bind(secrets, guests::WELL_SECRETS).ok();
    let call = |file: &str, tool: &str, argument: &str, allow: &str| {
        call(secrets, file, tool, argument, allow)
    };
    let names = "names=[\"API_KEY\"]";
    let exists = |file: &str| call(file, "exist", names, "secret:API_KEY").ok();
    assert!(exists(guests::WELL_SECRETS).contains("true"));
    let manifest = "[plugin]\nid = \"well-secrets\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"secret:API_KEY\"]\n";
    let impostor = with_manifest(guests::WELL_SECRETS, folder.path(), manifest);
    assert!(exists(impostor.to_str().unwrap()).contains("false"));

    let denied = call(
        guests::WELL_SECRETS,
        "reveal",
        "name=API_KEY",
        "secret:API_KEY",
    );
    assert_eq!(denied.code, Some(4));
    assert!(
        denied.stderr.contains("--allow 'secret-reveal:API_KEY'"),
        "{}",
        denied.stderr
    );
    let revealed = call(
        guests::WELL_SECRETS,
        "reveal",
        "name=API_KEY",
        "secret-reveal:API_KEY",
    );
    assert!(
        revealed.stderr.contains("the secret API_KEY was revealed"),
        "{}",
        revealed.stderr
    );
    assert_eq!(revealed.ok().trim(), VALUE);

    Ran::of(&mut secret(secrets, &["remove", "API_KEY"])).ok();
    let missing = call(
        guests::WELL_SECRETS,
        "reveal",
        "name=API_KEY",
        "secret-reveal:API_KEY",
    );
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stderr.contains("`portcullis secret set API_KEY`"),
        "{}",
        missing.stderr
    );
}

/// A server on loopback that answers one request with what it got.
fn echo() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
        while !got.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "a request ends with an empty line");
            got.extend_from_slice(&buffer[..read]);
        }
        let got = String::from_utf8(got).unwrap();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{got}",
            got.len()
        )
        .unwrap();
        got
    });
    (url, served)
}

#[test]
fn a_request_carries_its_secret_and_nobody_but_the_server_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = &folder.path().join("secrets");
    set(secrets, "API_KEY", VALUE).ok();
    let fetch = |allow_secret: &[&str]| {
        let (url, served) = echo();
        let to = format!("{url}/v1/*");
        let plugin = guests::WELL_HTTP;
        let arguments = [
            "bind", "API_KEY", "--plugin", plugin, "--to", &to, "--as", "bearer",
        ];
        Ran::of(&mut secret(secrets, &arguments)).ok();
        let arguments = json!({ "method": "GET", "url": format!("{url}/v1/me") });
        let mut command = portcullis();
        command.args(["call", plugin, "fetch", "--args", &arguments.to_string()]);
        command
            .args(["--allow", &format!("http:{url}")])
            .args(allow_secret);
        command.arg("--secrets-dir").arg(secrets);
        let ran = Ran::of(command.arg("--audit-dir").arg(folder.path().join("audit")));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        (ran, served.join().unwrap())
    };

    let (ran, got) = fetch(&[]);
    assert!(!got.contains("authorization"), "{got}");
    assert!(
        ran.stderr.contains("--allow 'secret:API_KEY'"),
        "{}",
        ran.stderr
    );

    let (ran, got) = fetch(&["--allow", "secret:API_KEY"]);
    assert!(
        got.contains(&format!("authorization: Bearer {VALUE}\r\n")),
        "{got}"
    );
    assert!(
        ran.stdout.contains(&"*".repeat(VALUE.len())),
        "{}",
        ran.stdout
    );
    let mut shown = ran.stdout + &ran.stderr;
    for file in std::fs::read_dir(folder.path().join("audit")).unwrap() {
        shown += &String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(
        shown.contains("secret:API_KEY") && !shown.contains(VALUE),
        "{shown}"
    );
}

#[test]
fn a_bare_id_is_no_plugin_to_bind_to() {
    let folder = tempfile::tempdir().unwrap();
    let ran = bind(&folder.path().join("secrets"), "org.example.gist");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("any file can claim it"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_binding_that_would_give_a_secret_away_is_refused_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let bind = |to: &str, place: &str| {
        let plugin = guests::WELL_SECRETS;
        let arguments = [
            "bind", "API_KEY", "--plugin", plugin, "--to", to, "--as", place,
        ];
        Ran::of(&mut secret(&folder.path().join("secrets"), &arguments))
    };
    let clear = bind("http://api.example.com", "bearer");
    assert_eq!(clear.code, Some(2));
    assert!(
        clear.stderr.contains("^^^^ a secret goes over https"),
        "{}",
        clear.stderr
    );
    let host = bind("https://api.example.com", "header:host");
    assert_eq!(host.code, Some(2));
    bind("https://api.example.com", "bearer").ok();
    let arguments = [
        "bind",
        "OTHER",
        "--plugin",
        guests::WELL_SECRETS,
        "--to",
        "https://*.example.com",
        "--as",
        "basic",
    ];
    let twice = Ran::of(&mut secret(&folder.path().join("secrets"), &arguments));
    assert_eq!(twice.code, Some(1));
    assert!(twice.stderr.contains("unbind one"), "{}", twice.stderr);
}

#[test]
fn a_value_is_no_argument_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let mut argument = secret(folder.path(), &["set", "API_KEY", VALUE]);
    assert_eq!(Ran::of(&mut argument).code, Some(2));
    for empty in ["", "\n"] {
        let ran = set(&folder.path().join("secrets"), "API_KEY", empty);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    }
    let long = set(
        &folder.path().join("secrets"),
        "API_KEY",
        &"x".repeat(20_000),
    );
    assert!(
        long.stderr.contains("at most 16384 bytes"),
        "{}",
        long.stderr
    );
    let short = set(&folder.path().join("secrets"), "PIN", "1234");
    assert!(
        short.stderr.contains("is not looked for"),
        "{}",
        short.stderr
    );
    short.ok();
}

#[test]
fn a_store_with_a_passphrase_says_where_one_is_taken_from() {
    let folder = tempfile::tempdir().unwrap();
    let folder = &folder.path().join("secrets");
    let mut locked = secret(folder, &["set", "API_KEY"]);
    with_stdin(
        locked.env("PORTCULLIS_SECRETS_PASSPHRASE", "open sesame"),
        VALUE,
    )
    .ok();
    let with = |passphrase: Option<&str>| {
        let mut command = secret(folder, &["list"]);
        Ran::of(command.envs(passphrase.map(|text| ("PORTCULLIS_SECRETS_PASSPHRASE", text))))
    };
    assert!(with(Some("open sesame")).ok().contains("API_KEY"));
    for wrong in [Some("sesame"), None] {
        let ran = with(wrong);
        assert_eq!(ran.code, Some(1));
        assert!(
            ran.stderr.contains("PORTCULLIS_SECRETS_PASSPHRASE"),
            "{}",
            ran.stderr
        );
    }
}
