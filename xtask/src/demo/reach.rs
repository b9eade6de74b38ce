//! Calls that reach something: a server, the plugin's own store, a folder.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::{Call, Home, says, stand_in};

/// The calls, with a server started and a secret bound for them.
pub(super) fn calls(portcullis: &Path, folder: &Path, home: &Home) -> Result<Vec<Call>> {
    let server = stand_in::start()?;
    let mut calls = on_the_weather(&server.to_string());
    calls.extend(on_what_is_kept());
    bind_the_token(
        portcullis,
        &folder.join("gist.wasm"),
        home,
        &server.to_string(),
    )?;
    calls.push(on_the_gist(&server.to_string()));
    Ok(calls)
}

fn on_the_weather(server: &str) -> Vec<Call> {
    let (host, _) = server.split_once(':').unwrap_or((server, ""));
    let endpoint = format!("endpoint=http://{server}");
    let bind = format!("server={host}");
    let ask = [
        "current",
        "--arg",
        "latitude=52.5",
        "--arg",
        "longitude=13.4",
        "--set",
        &endpoint,
        "--bind",
        &bind,
    ];
    let rule = format!("http:GET http://{server}/v1/forecast");
    let allowed = [&ask[..], &["--allow", &rule]].concat();
    vec![
        Call::new(
            "a request that nobody allowed, and what would allow it",
            "weather",
            &ask,
            vec![format!("--allow '{rule}'")],
        )
        .denied(),
        Call::new(
            "the same request, allowed; a server on this machine stands in for Open-Meteo",
            "weather",
            &allowed,
            says(&["7.5", "rain"]),
        ),
    ]
}

fn on_what_is_kept() -> Vec<Call> {
    let folder = format!("folder={}", crate::shell::root().join("docs").display());
    let search = [
        "search",
        "--arg",
        "text=#[plugin_start]",
        "--arg",
        "suffix=.md",
        "--allow",
        "fs:ro:{folder}=>/files",
        "--bind",
        &folder,
    ];
    vec![
        Call::new(
            "a note, which goes to the plugin's store",
            "notes",
            &["add", "--arg", "text=Water the plants", "--allow", "state"],
            says(&["1"]),
        ),
        Call::new(
            "another call, another instance, and the note is there",
            "notes",
            &["list", "--allow", "state"],
            says(&["Water the plants"]),
        ),
        Call::new(
            "lines in the files of one folder, which the plugin sees as /files and can't change",
            "file-search",
            &search,
            says(&["authors.md"]),
        ),
    ]
}

fn on_the_gist(server: &str) -> Call {
    let (host, _) = server.split_once(':').unwrap_or((server, ""));
    let endpoint = format!("endpoint=http://{server}");
    let bind = format!("server={host}");
    let rule = format!("http:POST http://{server}/gists");
    let words = [
        "publish",
        "--arg",
        "name=README.md",
        "--arg",
        "text=@README.md",
        "--set",
        &endpoint,
        "--bind",
        &bind,
        "--allow",
        &rule,
        "--allow",
        "secret:github",
    ];
    Call::new(
        "a request that carries a token which the plugin never sees",
        "gist",
        &words,
        says(&["https://gist.example/1"]),
    )
}

/// What an operator does once for each secret.
fn bind_the_token(portcullis: &Path, plugin: &Path, home: &Home, server: &str) -> Result<()> {
    let mut set = home.command(portcullis);
    set.args(["secret", "set", "github"]).stdin(Stdio::piped());
    let mut set = set.spawn()?;
    let mut stdin = set.stdin.take().context("it has a stdin")?;
    stdin.write_all(stand_in::TOKEN.as_bytes())?;
    drop(stdin);
    ensure!(set.wait()?.success(), "the token can't be kept");
    let mut bind = home.command(portcullis);
    bind.args(["secret", "bind", "github", "--as", "bearer", "--plugin"])
        .arg(plugin)
        .args(["--to", &format!("POST http://{server}/gists")]);
    ensure!(bind.status()?.success(), "the token can't be bound");
    Ok(())
}
