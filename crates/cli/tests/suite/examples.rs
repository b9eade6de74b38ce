//! The example plugins that reach out, as their operators call them.

use crate::support::{Ran, portcullis};
use portcullis_test_artifacts as plugins;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// A server that gives one answer to all, and keeps what it was sent.
struct StandIn {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// At port 8080, which is in the manifests, of whichever address has it free: tests run side by side.
    fn start(answer: &'static str) -> Self {
        let mut addresses = (1..=250).map(|last| SocketAddr::from(([127, 0, 0, last], 8080)));
        let listener = addresses.find_map(|address| TcpListener::bind(address).ok());
        let listener = listener.expect("port 8080 is free at some loopback address");
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut request = String::new();
                while !request.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut request).unwrap_or(0) == 0 {
                        break;
                    }
                }
                let length = request
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                let mut body = reader.take(length);
                body.read_to_string(&mut request).unwrap();
                kept.lock().unwrap().push(request);
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
                let _ = write!(stream, "{head} {}\r\n\r\n{answer}", answer.len());
            }
        });
        Self { address, seen }
    }

    /// What tells a plugin to ask here.
    fn options(&self) -> [String; 2] {
        [
            format!("--set=endpoint=http://{}", self.address),
            format!("--bind=server={}", self.address.ip()),
        ]
    }
}

/// The command of someone whose things are all in `home`.
fn at(home: &Path) -> Command {
    let mut command = portcullis();
    for variable in ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
        command.env(variable, home.join(variable));
    }
    command
}

#[test]
fn weather_is_denied_with_what_would_allow_it_and_works_with_that() {
    let home = tempfile::tempdir().unwrap();
    let server = StandIn::start(
        r#"{"current": {"temperature_2m": 7.5, "wind_speed_10m": 12, "weather_code": 0}}"#,
    );
    let call = || {
        let mut command = at(home.path());
        command.args(["call", plugins::PLUGIN_WEATHER, "current"]);
        command.args(["--arg", "latitude=52.5", "--arg", "longitude=13.4"]);
        command.args(server.options());
        command
    };
    let rule = format!("http:GET http://{}/v1/forecast", server.address);
    let denied = Ran::of(&mut call());
    assert_eq!(denied.code, Some(4), "{}", denied.stderr);
    let remedy = format!("--allow '{rule}'");
    assert!(denied.stderr.contains(&remedy), "{}", denied.stderr);
    assert!(!denied.stdout.contains("--allow"), "{}", denied.stdout);
    assert!(server.seen.lock().unwrap().is_empty());

    let answer = Ran::of(call().args(["--allow", &rule])).ok();
    assert!(
        answer.contains("7.5") && answer.contains("clear"),
        "{answer}"
    );
    assert_eq!(server.seen.lock().unwrap().len(), 1);

    let trail = Ran::of(at(home.path()).args(["audit", "show", "--decision", "allow"])).ok();
    assert!(trail.contains(&rule), "{trail}");
}

#[test]
fn gist_sends_a_token_that_it_never_sees() {
    const TOKEN: &str = "a-token-of-more-than-sixteen-bytes";
    let home = tempfile::tempdir().unwrap();
    // The server says the token back, which none should.
    let server = StandIn::start(
        r#"{"html_url": "https://gist.example/1?by=a-token-of-more-than-sixteen-bytes"}"#,
    );
    let mut set = at(home.path());
    set.args(["secret", "set", "github"]).stdin(Stdio::piped());
    set.stdout(Stdio::null()).stderr(Stdio::null());
    let mut set = set.spawn().unwrap();
    set.stdin
        .take()
        .unwrap()
        .write_all(TOKEN.as_bytes())
        .unwrap();
    assert!(set.wait().unwrap().success());
    let to = format!("POST http://{}/gists", server.address);
    let mut bind = at(home.path());
    bind.args(["secret", "bind", "github", "--plugin", plugins::PLUGIN_GIST]);
    Ran::of(bind.args(["--as", "bearer", "--to", &to])).ok();

    let mut call = at(home.path());
    call.args(["call", plugins::PLUGIN_GIST, "publish"]);
    call.args(["--arg", "name=a.txt", "--arg", "text=A note."]);
    call.args(server.options());
    call.args(["--allow", &format!("http:{to}"), "--allow", "secret:github"]);
    let answer = Ran::of(&mut call).ok();
    assert!(answer.starts_with("https://gist.example/1?by="), "{answer}");
    assert!(!answer.contains(TOKEN), "{answer}");
    let seen = server.seen.lock().unwrap();
    assert!(seen[0].contains(&format!("authorization: Bearer {TOKEN}\r\n")));
    assert!(seen[0].contains("A note."));
}

#[test]
fn notes_outlive_their_calls() {
    let home = tempfile::tempdir().unwrap();
    let call = |words: &[&str]| {
        let mut command = at(home.path());
        command.args(["call", plugins::PLUGIN_NOTES]).args(words);
        Ran::of(command.args(["--allow", "state"])).ok()
    };
    assert_eq!(call(&["add", "--arg", "text=milk"]).trim(), "1");
    assert_eq!(call(&["add", "--arg", "text=bread"]).trim(), "2");
    call(&["remove", "--arg", "number=1"]);
    let notes = call(&["list"]);
    assert!(
        notes.contains("bread") && !notes.contains("milk"),
        "{notes}"
    );
}

#[test]
fn file_search_finds_lines_in_the_folder_that_was_bound_and_sees_no_other() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/a.md"), "one\nTwo words\n").unwrap();
    let search = |options: &[&str]| {
        let mut command = at(home.path());
        command.args(["call", plugins::PLUGIN_FILE_SEARCH, "search"]);
        Ran::of(command.args(["--arg", "text=two"]).args(options))
    };
    let folder = folder.path().canonicalize().unwrap();
    let bind = format!("folder={}", folder.display());
    let found = search(&["--allow", "fs:ro:{folder}=>/files", "--bind", &bind]).ok();
    assert!(
        found.contains("inner/a.md") && found.contains("Two words"),
        "{found}"
    );
    let without = search(&[]);
    assert_ne!(without.code, Some(0), "{}", without.stdout);
}
