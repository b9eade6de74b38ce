//! The agent as a program: without a model, with a server that speaks OpenAI's API, and at its end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use agent_host::demo::server::Server;

const KEY: &str = "sk-of-this-test-alone";

fn agent(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.args(words).arg("--no-plugins").env("TEST_KEY", KEY);
    command.stdin(Stdio::null());
    command
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn without_a_model_a_script_answers() {
    let output = agent(&["--message", "hello"]).output().unwrap();
    assert!(output.status.success());
    // A streamed answer is shown once, not again when it's whole.
    assert_eq!(text(&output).matches("You said: hello").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_asks_a_server_that_speaks_openais_api_and_uses_its_own_tools() {
    let server = Server::start(KEY).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "By Ada.\n").unwrap();
    let (base, path) = (server.base(), folder.path().display().to_string());
    let mut command = agent(&[
        "--endpoint",
        &base,
        "--key-env",
        "TEST_KEY",
        "--folder",
        &path,
    ]);
    command.args(["--message", "How long are my notes?"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let text = text(&output.await.unwrap());
    for wanted in [
        "Let me read the notes and count.",
        "< native/read_file: By Ada.",
        // A tool that there is not, and one that nobody is there to approve.
        "! org_portcullis_text-tools__word_frequencies: not-found",
        "! native/delete_file: denied",
        "Your notes have six words",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    assert!(!text.contains(KEY), "{text}");
}

#[test]
fn a_signal_ends_it_as_the_end_of_input_does() {
    let mut command = agent(&[]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It has started once it answers. Its input stays open, as a terminal's does.
    let mut typed = child.stdin.take().unwrap();
    writeln!(typed, "hello").unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("You said: hello")));
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let (told, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || told.send(child.wait().unwrap()));
    let status = ended.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(status.success(), "{status}");
    drop(typed);
}
