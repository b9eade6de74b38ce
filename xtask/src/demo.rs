//! Calls the example plugins on real input – this repository's README.md and Cargo.lock, a table, a server on this machine –
//! and holds each answer against what this program finds in the same input by itself.

mod agent;
mod reach;
mod stand_in;
mod trust;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::build_examples::{build, portcullis};
use crate::shell::{output, root, target_dir};

const PLUGINS: [&str; 15] = [
    "audit-trail",
    "counter",
    "designer",
    "file-search",
    "gist",
    "guard",
    "hello",
    "lockfile",
    "notes",
    "openai-compatible",
    "planner-tool",
    "redact",
    "tail",
    "text-tools",
    "weather",
];

const TABLE: &str = "examples/data/planets.csv";

/// The exit code of a call that is denied.
const DENIED: i32 = 4;

/// Lines of an answer that are shown; the rest is counted.
const SHOWN_LINES: usize = 12;

/// Characters of a line that are shown.
const SHOWN_WIDTH: usize = 110;

/// One call of a tool.
#[derive(Clone)]
struct Call {
    about: &'static str,
    plugin: &'static str,
    /// Tool and options, as on the command line.
    words: Vec<String>,
    /// What a right answer says.
    says: Vec<String>,
    /// The answer is a refusal, on stderr.
    denied: bool,
}

impl Call {
    fn new(about: &'static str, plugin: &'static str, words: &[&str], says: Vec<String>) -> Self {
        Self {
            about,
            plugin,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            says,
            denied: false,
        }
    }

    fn denied(self) -> Self {
        Self {
            denied: true,
            ..self
        }
    }
}

pub(crate) fn run() -> Result<()> {
    let portcullis = portcullis()?;
    let folder = build(&portcullis, &PLUGINS)?;
    let home = Home::new()?;
    let calls = [calls()?, reach::calls(&portcullis, &folder, &home)?].concat();
    let mut wrong = 0;
    for (number, call) in calls.iter().enumerate() {
        println!("\n── {} of {}: {}", number + 1, calls.len(), call.about);
        if let Err(error) = show(&portcullis, &folder, &home, call) {
            eprintln!("  WRONG: {error:#}");
            wrong += 1;
        }
    }
    trust::show(&portcullis, &folder, &home).context("trust")?;
    agent::show(&folder, &home).context("agent")?;
    ensure!(wrong == 0, "{wrong} of {} calls went wrong", calls.len());
    println!(
        "\n{} calls in the sandbox, a plugin that had to be trusted and a conversation, and every answer is right.",
        calls.len()
    );
    println!("Make your own: README.md, \"Write, build, run\".");
    Ok(())
}

/// What the demo leaves behind – state, secrets, audit – is in a folder of its own, new each time.
struct Home(PathBuf);

impl Home {
    fn new() -> Result<Self> {
        let folder = target_dir()?.join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(Self(folder))
    }

    /// The `portcullis` command as someone who lives there.
    fn command(&self, portcullis: &Path) -> Command {
        let mut command = Command::new(portcullis);
        command.current_dir(root());
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(variable, self.0.join(folder));
        }
        command
    }
}

fn show(portcullis: &Path, folder: &Path, home: &Home, call: &Call) -> Result<()> {
    let file = folder.join(format!("{}.wasm", call.plugin));
    let words: Vec<_> = call.words.iter().map(|word| quoted(word)).collect();
    println!(
        "$ {} call {} {}",
        shown(portcullis),
        shown(&file),
        words.join(" ")
    );

    let mut command = home.command(portcullis);
    command
        .arg("call")
        .arg(&file)
        .args(&call.words)
        .stdin(Stdio::null());
    let answer = if call.denied {
        refusal(command)?
    } else {
        output(command)?
    };
    for line in shortened(readable(&answer)) {
        println!("  {line}");
    }
    let missing: Vec<_> = call
        .says
        .iter()
        .filter(|text| !answer.contains(text.as_str()))
        .collect();
    if !missing.is_empty() {
        bail!("the answer does not say {missing:?}");
    }
    Ok(())
}

/// What a call that must be denied says.
fn refusal(mut command: Command) -> Result<String> {
    let ran = command.output()?;
    ensure!(
        ran.status.code() == Some(DENIED),
        "it ended with {}, and not as denied",
        ran.status
    );
    Ok(String::from_utf8(ran.stderr)?)
}

/// The path from the root, where the reader is.
fn shown(path: &Path) -> std::path::Display<'_> {
    path.strip_prefix(root()).unwrap_or(path).display()
}

fn calls() -> Result<Vec<Call>> {
    let greet = ["greet", "--arg", "name=World"];
    let mut calls = vec![Call::new(
        "a function of four lines",
        "hello",
        &greet,
        says(&["Hello, World!"]),
    )];
    calls.extend(on_the_readme()?);
    calls.extend(on_small_input()?);
    calls.extend(on_the_lock_file()?);
    let add = [
        "increment",
        "--args",
        r#"{"by": 2}"#,
        "--args",
        r#"{"by": 3}"#,
    ];
    let about = "a session: the second call finds what the first one left";
    calls.push(Call::new(about, "counter", &add, says(&["2", "5"])));
    Ok(calls)
}

fn on_the_readme() -> Result<Vec<Call>> {
    let readme = read("README.md")?;
    let call = |about, words: &[&str], text| Call::new(about, "text-tools", words, says(&[text]));
    Ok(vec![
        call(
            "the headings of this repository's README",
            &["outline", "--arg", "markdown=@README.md"],
            heading(&readme)?,
        ),
        call(
            "where its links lead",
            &["links", "--arg", "markdown=@README.md"],
            link(&readme)?,
        ),
        call(
            "its most frequent words",
            &[
                "word_frequencies",
                "--arg",
                "text=@README.md",
                "--arg",
                "top=10",
            ],
            "\"the\"",
        ),
    ])
}

fn on_small_input() -> Result<Vec<Call>> {
    let table = read(TABLE)?;
    let table_argument = format!("text=@{TABLE}");
    let replace = [
        "search_replace",
        "--arg",
        "text=Engines: wasmtime 48, wasmtime 36.",
        "--arg",
        r"pattern=wasmtime (\d+)",
        "--arg",
        "replacement=v$1",
    ];
    let document = r#"{"document": {"tools": [{"name": "greet"}]}, "pointer": "/tools/0/name"}"#;
    Ok(vec![
        Call::new(
            "search and replace with a regular expression",
            "text-tools",
            &replace,
            says(&["Engines: v48, v36."]),
        ),
        Call::new(
            "one value out of a JSON document",
            "text-tools",
            &["json_pointer", "--args", document],
            says(&["greet"]),
        ),
        Call::new(
            "what is in a table: kind, extremes and mean of each column",
            "text-tools",
            &["csv_summary", "--arg", &table_argument],
            vec![mean(&table, "diameter_km")?.to_string(), "Venus".into()],
        ),
        Call::new(
            "the last lines of a file, streamed one by one",
            "tail",
            &[
                "tail",
                "--stream",
                "--arg",
                &table_argument,
                "--arg",
                "lines=3",
            ],
            table.lines().rev().take(3).map(str::to_owned).collect(),
        ),
    ])
}

fn on_the_lock_file() -> Result<Vec<Call>> {
    let locked = locked(&read("Cargo.lock")?)?;
    let engine = version(&locked, "wasmtime")?;
    let twice = twice(&locked).context("no crate is in Cargo.lock twice")?;
    let call = |about, tool, more: &[&str], text: &str| {
        let words = [&[tool, "--arg", "lockfile=@Cargo.lock"], more].concat();
        Call::new(about, "lockfile", &words, says(&[text]))
    };
    Ok(vec![
        call(
            "the packages in Cargo.lock whose names contain `wasmtime-wasi`",
            "packages",
            &["--arg", "name=wasmtime-wasi"],
            &engine,
        ),
        call(
            "crates that are in it in more than one version",
            "duplicates",
            &[],
            twice,
        ),
        call(
            "who depends on the engine",
            "dependents",
            &["--arg", "package=wasmtime", "--arg", "direct=true"],
            "portcullis-host-core",
        ),
    ])
}

fn says(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(PathBuf::from(path)))
        .with_context(|| format!("{path} can't be read"))
}

/// The first heading.
fn heading(markdown: &str) -> Result<&str> {
    markdown
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .map(str::trim)
        .context("README.md has no heading")
}

/// Where the first link leads.
fn link(markdown: &str) -> Result<&str> {
    let (_, rest) = markdown.split_once("](").context("README.md has no link")?;
    rest.split(')')
        .next()
        .context("README.md's first link does not end")
}

/// Names and versions of all packages.
fn locked(lock: &str) -> Result<Vec<(String, String)>> {
    let lock: toml::Table = lock.parse().context("Cargo.lock is no TOML")?;
    let packages = lock["package"]
        .as_array()
        .context("Cargo.lock lists no packages")?;
    let text =
        |package: &toml::Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    Ok(packages
        .iter()
        .map(|package| (text(package, "name"), text(package, "version")))
        .collect())
}

fn version(locked: &[(String, String)], name: &str) -> Result<String> {
    let package = locked.iter().find(|(found, _)| found == name);
    Ok(package
        .with_context(|| format!("{name} is not in Cargo.lock"))?
        .1
        .clone())
}

/// Cargo.lock is sorted by name.
fn twice(locked: &[(String, String)]) -> Option<&str> {
    locked
        .windows(2)
        .find(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[0].0.as_str())
}

/// The mean of a column of a table without quotes.
fn mean(table: &str, column: &str) -> Result<f64> {
    let mut lines = table.lines();
    let names = lines.next().context("the table is empty")?;
    let index = names
        .split(',')
        .position(|name| name == column)
        .context("the table has no such column")?;
    let cells = lines
        .filter_map(|line| line.split(',').nth(index))
        .map(str::parse);
    let values: Vec<f64> = cells.collect::<Result<_, _>>()?;
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// The word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=@./:".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The answer, with what is a JSON object on one line for each item of its lists.
fn readable(answer: &str) -> Vec<String> {
    let Ok(Value::Object(object)) = serde_json::from_str(answer) else {
        return answer.lines().map(str::to_owned).collect();
    };
    let mut lines = Vec::new();
    for (key, value) in object {
        match value {
            Value::Array(items) => {
                lines.push(format!("{key}:"));
                lines.extend(items.iter().map(|item| format!("  {item}")));
            }
            value => lines.push(format!("{key}: {value}")),
        }
    }
    lines
}

fn shortened(lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN_LINES);
    let mut shown: Vec<String> = lines
        .iter()
        .take(SHOWN_LINES)
        .map(|line| cut(line))
        .collect();
    if more > 0 {
        shown.push(format!("… {more} more lines"));
    }
    shown
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(SHOWN_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        assert_eq!(quoted("text=@README.md"), "text=@README.md");
        assert_eq!(quoted(r#"{"by": 2}"#), r#"'{"by": 2}'"#);
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn long_answers_are_shortened_and_say_so() {
        let lines = vec!["x".to_owned(); SHOWN_LINES + 3];
        assert_eq!(shortened(lines).last().unwrap(), "… 3 more lines");
        assert_eq!(shortened(readable("a\nb")), ["a", "b"]);
        assert_eq!(
            cut(&"ä".repeat(SHOWN_WIDTH + 1)).chars().count(),
            SHOWN_WIDTH + 1
        );
    }

    #[test]
    fn an_object_takes_a_line_for_each_item() {
        let answer = r#"{"count": 2, "items": [{"a": 1}, {"a": 2}]}"#;
        assert_eq!(
            readable(answer),
            ["count: 2", "items:", r#"  {"a":1}"#, r#"  {"a":2}"#]
        );
    }

    #[test]
    fn facts_are_read_from_the_input() {
        assert_eq!(heading("text\n# Title \n").unwrap(), "Title");
        assert_eq!(
            link("see [it](https://example.com/a) and [b](c)").unwrap(),
            "https://example.com/a"
        );
        assert_eq!(mean("a,b\n1,10\n2,20\n", "b").unwrap(), 15.0);
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        assert_eq!(twice(&locked(lock).unwrap()), Some("a"));
    }
}
