//! Runs the command.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command, untouched by the environment that the tests run in. Its compile cache is kept between runs of the tests:
/// it is part of what is tested, and makes them quick.
pub(crate) fn portcullis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.stdin(Stdio::null());
    command.env(
        "PORTCULLIS_CACHE_DIR",
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-cache"),
    );
    // What it keeps goes where nobody's own things are.
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-home");
    for (variable, folder) in [
        ("XDG_STATE_HOME", "state"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CONFIG_DIRS", "system-config"),
    ] {
        command.env(variable, home.join(folder));
    }
    for variable in [
        "PORTCULLIS_AUDIT_DIR",
        "PORTCULLIS_KEYS_DIR",
        "PORTCULLIS_KEY_PASSPHRASE",
        "PORTCULLIS_TRUST_DIR",
        "PORTCULLIS_CONFIG",
        "PORTCULLIS_ENABLED",
        "PORTCULLIS_HOT_RELOAD",
        "PORTCULLIS_OFFLINE",
        "PORTCULLIS_PLUGIN_DIRS",
        "PORTCULLIS_SDK_PATH",
        "PORTCULLIS_SECRETS_DIR",
        "PORTCULLIS_SECRETS_PASSPHRASE",
        "PORTCULLIS_SECRET_STORE",
        "PORTCULLIS_SIGNATURES",
        "PORTCULLIS_STATE_DIR",
        "PORTCULLIS_TOKENS_DIR",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "TRACEPARENT",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "CARGO_TARGET_DIR",
    ] {
        command.env_remove(variable);
    }
    command
}

/// A user of whom nothing is known yet: folders for all that is kept.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Something in the user's home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The command, as this user runs it in their home.
    pub(crate) fn portcullis(&self) -> Command {
        let mut command = portcullis();
        command
            .current_dir(self.0.path())
            .env("HOME", self.0.path());
        for (variable, folder) in [
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
        ] {
            command.env(variable, self.path(folder));
        }
        // Nothing of the machine's own.
        for variable in ["XDG_DATA_DIRS", "XDG_CONFIG_DIRS"] {
            command.env(variable, self.path("system"));
        }
        command
    }

    /// Runs the command to its end; its arguments are the words of `line`.
    pub(crate) fn run(&self, line: &str) -> Ran {
        Ran::of(self.portcullis().args(line.split_whitespace()))
    }

    /// A plugin in the home folder: a guest that calls itself `id` of this version.
    pub(crate) fn plugin(&self, guest: &str, name: &str, id: &str, version: &str) -> PathBuf {
        let manifest = format!("[plugin]\nid = {id:?}\nversion = {version:?}\n");
        let built = with_manifest(guest, self.0.path(), &manifest);
        let path = self.path(name);
        std::fs::rename(built, &path).expect("a place for it");
        path
    }

    /// Makes a key of that name, and gives its id and its public key.
    pub(crate) fn key(&self, name: &str) -> (String, String) {
        let made = self.run(&format!("keygen {name} --output=json")).json();
        let text = |key: &str| made[key].as_str().expect("a text").to_owned();
        (text("keyId"), text("publicKey"))
    }
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::of(portcullis().args(arguments))
}

/// How a command ended and what it said.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the command starts"))
    }

    /// The command's stdout, which must have ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            self.code,
            Some(0),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self.stdout
    }

    /// The command's stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}\nstdout: {}\nstderr: {}", self.stdout, self.stderr)
        })
    }

    /// What stderr says under `error`: one JSON object in its last line, after the logs.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        let object: Value =
            serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", self.stderr));
        object["error"].clone()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A copy of a guest with a manifest inside.
pub(crate) fn with_manifest(guest: &str, folder: &Path, manifest: &str) -> PathBuf {
    let component = std::fs::read(guest).expect("the guest is built");
    let plugin = portcullis_host_policy::manifest::section::embed(&component, manifest)
        .expect("a component");
    let path = folder.join("plugin.wasm");
    std::fs::write(&path, plugin).expect("a folder to write to");
    path
}

/// Says these messages to a server over stdio after a handshake, and gives their answers, in the messages' order, and how the command ended.
pub(crate) fn told(command: &mut Command, messages: &[(&str, Value)]) -> (Vec<Value>, Ran) {
    let client = json!({"name": "test", "version": "1"});
    let begin = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let request = |id: usize, method: &str, params: &Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let mut lines = vec![
        request(0, "initialize", &begin),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ];
    let numbered = messages.iter().zip(1..);
    lines.extend(numbered.map(|((method, params), id)| request(id, method, params)));
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    for line in lines {
        writeln!(stdin, "{line}").expect("it reads");
    }
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut answers = vec![None; messages.len() + 1];
    let mut lines = stdout.lines();
    while answers.iter().any(Option::is_none) {
        let line = lines.next().expect("an answer").expect("text");
        // Whatever a guest prints, each line is a message.
        let message: Value = serde_json::from_str(&line).expect(&line);
        if let Some(id) = message["id"].as_u64() {
            answers[id as usize] = Some(message);
        }
    }
    // The client goes, and so does the server.
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    (answers.into_iter().flatten().skip(1).collect(), ran)
}

/// A call of a tool, to be told to a server.
pub(crate) fn call_message(tool: &str, arguments: Value) -> (&'static str, Value) {
    ("tools/call", json!({"name": tool, "arguments": arguments}))
}
