//! The table for people and `bench.json` for programs.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, thread};

use serde_json::{Map, Value, json};
use wasmtime::Result;
use wasmtime::error::Context;

use crate::figures::{Bound, FIGURES, Measured};

pub(crate) fn print(measured: &[Measured]) {
    println!(
        "\n{:<38}{:>10}  {:>9}  {:<6}measured from",
        "figure", "measured", "must be", ""
    );
    for figure in &FIGURES {
        let Some(found) = measured.iter().find(|measured| measured.key == figure.key) else {
            continue;
        };
        let bound = match figure.bound {
            Bound::AtMost(most) => format!("≤ {most}"),
            Bound::AtLeast(least) => format!("≥ {least}"),
            Bound::Anything => "–".to_owned(),
        };
        let word = if figure.bound.holds(found.value) {
            "ok"
        } else {
            "SHORT"
        };
        println!(
            "{:<38}{:>10.2}  {bound:>9}  {word:<6}{}",
            figure.name, found.value, found.note
        );
    }
}

/// Writes `target/bench.json`: one flat object of the figures, with the machine's cores and the versions beside them.
pub(crate) fn write(measured: &[Measured]) -> Result<PathBuf> {
    let mut object: Map<String, Value> = measured
        .iter()
        .map(|measured| (measured.key.clone(), json!(measured.value)))
        .collect();
    object.insert(
        "cores".into(),
        json!(thread::available_parallelism().map_or(1, usize::from)),
    );
    object.insert("rustc".into(), json!(rustc()));
    object.insert("wasmtime".into(), json!(wasmtime_version()));
    let folder = env::current_exe()?
        .ancestors()
        .nth(2)
        .context("no target folder")?
        .to_owned();
    let path = folder.join("bench.json");
    fs::write(&path, format!("{:#}\n", Value::Object(object)))?;
    Ok(path)
}

fn rustc() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    String::from_utf8(output.stdout)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// The engine does not tell its version; the lock file does.
fn wasmtime_version() -> Option<&'static str> {
    let lock = include_str!("../../Cargo.lock");
    let (_, package) = lock.split_once("name = \"wasmtime\"\nversion = \"")?;
    package.split('"').next()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_engines_version_is_known() {
        assert!(super::wasmtime_version().is_some_and(|version| version.starts_with("48.")));
    }
}
