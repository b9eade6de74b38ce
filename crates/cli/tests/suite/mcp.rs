//! `portcullis mcp`: tokens that are shown once, and what clients of a server are given.

use crate::support::{Home, Ran};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn list(home: &Home) -> Value {
    home.run("mcp token list --output=json").json()["tokens"].clone()
}

#[test]
fn a_token_is_shown_once_listed_without_it_and_taken_back() {
    let home = Home::new();
    assert_eq!(list(&home), json!([]));
    let line = "mcp token create ada --plugin org.example.files --tool org.example.files/read_* --expires 1h";
    let made = home.run(line);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let token = made.stdout.trim();
    assert!(
        token.starts_with("portcullis_") && token.len() > 50,
        "{token}"
    );
    let path = home.path("config/portcullis/mcp/tokens.toml");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(!kept.contains(token), "{kept}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let listed = list(&home);
    assert_eq!(listed[0]["name"], "ada");
    assert_eq!(listed[0]["plugins"], json!(["org.example.files"]));
    assert_eq!(listed[0]["tools"], json!(["org.example.files/read_*"]));
    assert_eq!(listed[0]["status"], "counts");
    let text = home.run("mcp token list").stdout;
    assert!(text.contains("ada") && !text.contains(token), "{text}");
    assert_eq!(home.run(line).code, Some(1));
    assert_eq!(home.run("mcp token revoke ada").code, Some(0));
    assert_eq!(home.run("mcp token revoke ada").code, Some(1));
    assert_eq!(list(&home), json!([]));
}

#[test]
fn what_a_token_is_for_has_to_be_said() {
    let home = Home::new();
    for line in [
        "mcp token create ada",
        "mcp token create ada --tool org.example.files/read",
        "mcp token create ada --all --plugin org.example.files",
        "mcp token create -a --all",
        "mcp token create a/b --all",
        "mcp token create ada --plugin org.example.files --tool read",
        "mcp token create ada --all --expires soon",
        "mcp token create ada --all --expires 9000years",
    ] {
        assert_eq!(home.run(line).code, Some(2), "{line}");
    }
    assert_eq!(list(&home), json!([]));
    let made = home
        .run("mcp token create all --all --expires never --output=json")
        .json();
    assert_eq!(made["expires"], Value::Null);
    assert_eq!(list(&home)[0]["plugins"], Value::Null);
    home.run("mcp token create watcher --metrics");
    assert_eq!(list(&home)[1]["plugins"], json!([]));
}

#[test]
fn each_client_gets_what_it_reads() {
    let home = Home::new();
    let keys = [
        ("claude-code", "mcpServers"),
        ("claude-desktop", "mcpServers"),
        ("vscode", "servers"),
        ("cursor", "mcpServers"),
        ("zed", "context_servers"),
    ];
    for (client, key) in keys {
        let line = format!("mcp config --client {client} --name mine -- /srv/a.wasm --offline");
        let server = &home.run(&line).json()[key]["mine"];
        assert_eq!(
            server["args"],
            json!(["serve", "/srv/a.wasm", "--offline"]),
            "{client}"
        );
        let program = server["command"].as_str().unwrap();
        assert!(std::path::Path::new(program).is_absolute(), "{program}");
        let line = format!("mcp config --client {client} --http https://mcp.example/mcp");
        let ran: Ran = home.run(&line);
        assert!(
            ran.stdout.contains("https://mcp.example/mcp"),
            "{}",
            ran.stdout
        );
        assert!(ran.json()[key]["portcullis"].is_object(), "{client}");
    }
    let both = home.run("mcp config --client zed --http https://mcp.example/mcp -- a.wasm");
    assert_eq!(both.code, Some(2));
}

#[test]
fn a_server_over_http_says_where_it_is_and_ends_by_a_signal() {
    let home = Home::new();
    let refused = home.run(&format!("serve {} --http=127.0.0.1:0", guests::WELL_GREET));
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("mcp token create"),
        "{}",
        refused.stderr
    );
    let open = home.run(&format!("serve {} --http=0.0.0.0:0", guests::WELL_GREET));
    assert_eq!(open.code, Some(2), "{}", open.stderr);
    let token = home.run("mcp token create ada --all").stdout;
    let (child, host) = serving(&home);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let mut stream = TcpStream::connect(&host).unwrap();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        token.trim(),
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    ends_by_a_signal(child);
}

#[test]
fn a_signal_is_heard_as_soon_as_a_server_has_said_where_it_is() {
    let home = Home::new();
    home.run("mcp token create ada --all");
    let (child, _) = serving(&home);
    ends_by_a_signal(child);
}

/// A server over HTTP, and where it says that it is.
fn serving(home: &Home) -> (Child, String) {
    let mut command = home.portcullis();
    command.args(["serve", guests::WELL_GREET, "--http=127.0.0.1:0"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let line = said.find_map(|line| line.ok().filter(|line| line.starts_with("MCP at ")));
    let line = line.expect("where it is");
    let host = line.trim_start_matches("MCP at http://");
    (child, host.trim_end_matches("/mcp").to_owned())
}

fn ends_by_a_signal(mut child: Child) {
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn guests_that_compute_hold_up_neither_their_session_nor_one_another() {
    let home = Home::new();
    let mut command = home.portcullis();
    command.args(["serve", guests::HOSTILE_CALLS]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut to = child.stdin.take().unwrap();
    let mut tell = |message: Value| writeln!(to, "{message}").unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answer =
        || -> Value { serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap() };
    let request = |id: u32, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let begin = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
    });
    tell(request(0, "initialize", begin));
    assert_eq!(answer()["id"], 0);
    tell(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let call = |id, tool| request(id, "tools/call", json!({"name": tool, "arguments": {}}));
    let before = computed(child.id());
    for id in 1..=4 {
        tell(call(id, "spin"));
    }
    tell(request(5, "ping", json!({})));
    assert_eq!(answer()["id"], 5);
    tell(call(6, "background_count"));
    let counted = answer();
    assert_eq!(
        (&counted["id"], &counted["result"]["isError"]),
        (&json!(6), &json!(false))
    );
    // Not on the session's own thread, or not for long.
    let until = Instant::now() + Duration::from_secs(20);
    while computed(child.id())
        .zip(before)
        .is_some_and(|(now, before)| now < before + 10)
    {
        assert!(
            Instant::now() < until,
            "the host's runtime has nothing of it"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    // What runs ends with its client.
    drop(to);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// How long the threads of a command's runtime have computed, in the kernel's hundredths of a second. Elsewhere than on Linux, nobody says.
fn computed(process: u32) -> Option<u64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let stats =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    let of_runtime = stats.filter(|stat| stat.contains("(tokio-rt-worker)"));
    let computed = of_runtime.filter_map(|stat| stat.split(' ').nth(13)?.parse::<u64>().ok());
    Some(computed.sum())
}
