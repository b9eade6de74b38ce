//! The official conformance suite of the Model Context Protocol, against `portcullis serve` with the example plugin
//! `everything`: what answers is the plugin in its sandbox.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::packages::NodeModules;
use crate::served::{Operator, Served};
use crate::shell::{output, target_dir};

const SUITE: (&str, &str) = ("@modelcontextprotocol/conformance", "0.1.16");

/// Scenarios for servers in that version: fewer would be a suite that was cut short.
const SCENARIOS: usize = 32;

/// The suite can't be told to send a token; this module, loaded before it, adds one to what it sends.
const AUTHORIZE: &str = include_str!("conformance/authorize.mjs");

/// What is served.
const PLUGIN: &str = "everything";

/// What became of a scenario.
struct Scenario {
    name: String,
    passed: usize,
    warnings: Vec<String>,
    failures: Vec<String>,
}

impl Scenario {
    fn has_passed(&self) -> bool {
        self.passed > 0 && self.failures.is_empty()
    }
}

pub(crate) fn run() -> Result<()> {
    judge(&install()?)
}

/// Fetches the suite.
///
/// # Errors
/// There is no npm, or it reaches no registry.
pub(crate) fn install() -> Result<NodeModules> {
    NodeModules::install("conformance", &[SUITE])
}

/// Serves the plugin and runs every scenario.
///
/// # Errors
/// A scenario failed, or there are other scenarios than there should be.
pub(crate) fn judge(suite: &NodeModules) -> Result<()> {
    let names = scenarios(suite)?;
    let results = target_dir()?.join("conformance");
    if results.exists() {
        fs::remove_dir_all(&results)?;
    }
    let authorize = suite.folder().join("authorize.mjs");
    fs::write(&authorize, AUTHORIZE)?;

    let operator = Operator::with(&[PLUGIN])?;
    let plugin = operator.plugin(PLUGIN);
    let asking = ["--sampling", "--allow=llm", "--allow=ask"].map(OsStr::new);
    let served = Served::start(&operator, &[&asking[..], &[plugin.as_os_str()]].concat())?;
    let mut command = suite.program("conformance", &["--import".as_ref(), authorize.as_os_str()]);
    command
        .args([
            "server",
            "--suite",
            "all",
            "--url",
            served.url(),
            "--output-dir",
        ])
        .arg(&results)
        .env("MCP_TOKEN", served.token());
    // A scenario that failed is its exit code, too; what failed is in the results.
    let ran = command.output().context("can't run the suite")?;

    let scenarios = names.iter().map(|name| scenario(&results, name));
    let scenarios: Vec<_> = scenarios.collect::<Result<_>>()?;
    for scenario in &scenarios {
        print(scenario);
    }
    let passed = scenarios.iter().filter(|it| it.has_passed()).count();
    println!("{passed} of {} scenarios passed", scenarios.len());
    if passed < scenarios.len() || !ran.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&ran.stderr));
        eprintln!("{}", served.log());
    }
    ensure!(passed == scenarios.len(), "the server does not conform");
    ensure!(ran.status.success(), "the suite ended with {}", ran.status);
    Ok(())
}

/// The names of the scenarios for servers.
fn scenarios(suite: &NodeModules) -> Result<Vec<String>> {
    let mut list = suite.program("conformance", &[]);
    list.args(["list", "--server"]);
    let names: Vec<_> = output(list)?.lines().filter_map(listed).collect();
    ensure!(
        names.len() == SCENARIOS,
        "the suite lists {} scenarios for servers, and not {SCENARIOS}",
        names.len()
    );
    Ok(names)
}

/// The scenario of a line such as `  - ping [2025-06-18,2025-11-25]`.
fn listed(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("- ")?.split(' ').next()?;
    Some(name.to_owned())
}

/// Reads what the suite wrote down about a scenario, in a folder called `server-NAME-TIME`.
fn scenario(results: &Path, name: &str) -> Result<Scenario> {
    let folders = fs::read_dir(results).context("the suite left no results")?;
    let prefix = format!("server-{name}-2");
    let folder = folders
        .flatten()
        .find(|folder| folder.file_name().to_string_lossy().starts_with(&prefix))
        .with_context(|| format!("the suite left no results for {name}"))?;
    let checks = fs::read(folder.path().join("checks.json"))
        .with_context(|| format!("the suite left no checks for {name}"))?;
    let checks: Vec<Value> = serde_json::from_slice(&checks)?;
    let with = |status: &str| -> Vec<String> {
        let found = checks.iter().filter(|check| check["status"] == status);
        found.map(said).collect()
    };
    Ok(Scenario {
        name: name.to_owned(),
        passed: with("SUCCESS").len(),
        warnings: with("WARNING"),
        failures: with("FAILURE"),
    })
}

fn said(check: &Value) -> String {
    let message = check["errorMessage"].as_str();
    let message = message.or(check["description"].as_str());
    message.unwrap_or_default().to_owned()
}

fn print(scenario: &Scenario) {
    let word = if scenario.has_passed() {
        "ok"
    } else {
        "FAILED"
    };
    println!("{word:>6}  {}, {} checks", scenario.name, scenario.passed);
    for failure in &scenario.failures {
        println!("        failed: {failure}");
    }
    for warning in &scenario.warnings {
        println!("        warning: {warning}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_passes_by_its_checks_alone() {
        let folder = std::env::temp_dir().join(format!("xtask-conformance-{}", std::process::id()));
        let write = |name: &str, checks: &str| {
            let folder = folder.join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("checks.json"), checks).unwrap();
        };
        write(
            "server-ping-2026-11-27T02-40-39-123Z",
            r#"[{"status":"SUCCESS"},{"status":"INFO"}]"#,
        );
        let both = r#"[{"status":"SUCCESS"},{"status":"FAILURE","errorMessage":"no answer"}]"#;
        write("server-tools-list-2026-11-27T02-40-39-123Z", both);
        write("server-silent-2026-11-27T02-40-39-123Z", "[]");
        let read = |name| scenario(&folder, name);
        assert!(read("ping").unwrap().has_passed());
        assert_eq!(read("tools-list").unwrap().failures, ["no answer"]);
        assert!(!read("silent").unwrap().has_passed());
        assert!(read("tools").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn scenarios_are_listed_by_name() {
        let name = listed("  - ping [2025-06-18,2025-11-25]");
        assert_eq!(name.as_deref(), Some("ping"));
        assert_eq!(listed("Server scenarios (test against a server):"), None);
    }
}
