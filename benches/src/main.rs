//! Measures Portcullis against the floor, in the same run: `cargo xtask bench [GROUP…]`.
//!
//! Each group of figures runs in a process of its own, so that none finds the memory, the mappings or the threads of
//! another.

mod figures;
mod groups;
mod measure;
mod report;
mod signed;

use std::env;
use std::process::{Command, ExitCode, Stdio};

use figures::Measured;
use groups::GROUPS;
use wasmtime::error::Context;
use wasmtime::{Result, bail};

/// Before a group's name: this process measures that group and prints what it found.
const CHILD: &str = "--measure";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [CHILD, group] => measure_one(group),
        names => measure_all(names),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure_one(name: &str) -> Result<()> {
    let group = groups::named(name)?;
    for measured in (group.measure)()? {
        println!("{}", measured.to_line());
    }
    Ok(())
}

/// Measures these groups, or all, and reports what the others found even where one of them fails.
fn measure_all(names: &[&str]) -> Result<()> {
    for name in names {
        groups::named(name)?;
    }
    let mut measured = Vec::new();
    let mut failed = Vec::new();
    for group in GROUPS
        .iter()
        .filter(|group| names.is_empty() || names.contains(&group.name))
    {
        eprintln!("measuring {}: {}", group.name, group.what);
        match in_a_process(group.name) {
            Ok(found) => measured.extend(found),
            Err(error) => {
                eprintln!("{}: {error:#}", group.name);
                failed.push(group.name);
            }
        }
    }
    report::print(&measured);
    let path = report::write(&measured)?;
    println!("\nThe same for programs: {}", path.display());
    if !failed.is_empty() {
        bail!("could not be measured: {}", failed.join(", "));
    }
    Ok(())
}

fn in_a_process(group: &str) -> Result<Vec<Measured>> {
    let mut child = Command::new(env::current_exe()?);
    let output = child
        .args([CHILD, group])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("{}", output.status);
    }
    let lines = String::from_utf8(output.stdout)?;
    lines
        .lines()
        .map(|line| Measured::from_line(line).context("not a measurement"))
        .collect()
}
