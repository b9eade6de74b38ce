//! The command line on a cached plugin, from the start of its process to the end, beside the floor's.

use std::env;
use std::process::{Command, Stdio};
use std::time::Instant;

use portcullis_test_artifacts::BENCH_GREET;
use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use super::arguments;
use crate::figures::Measured;
use crate::measure::{median, us};

/// Starts of each.
const STARTS: usize = 101;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let beside = |name: &str| -> Result<Command> {
        let program =
            env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
        ensure!(
            program.is_file(),
            "{name} is not built; `cargo xtask bench` builds it"
        );
        Ok(Command::new(program))
    };
    let mut ours = beside("portcullis")?;
    ours.args([
        "call",
        BENCH_GREET,
        "greet",
        "--args",
        &arguments().to_string(),
        "--cache-dir",
    ]);
    ours.arg(folder.path().join("cache"));
    let mut floor = beside("floor-call")?;
    floor
        .arg(BENCH_GREET)
        .arg(folder.path().join("code"))
        .args(["greet", &arguments().to_string()]);

    // The first of each compiles.
    run(&mut floor)?;
    run(&mut ours)?;
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..STARTS {
        times[0].push(run(&mut floor)?);
        times[1].push(run(&mut ours)?);
    }
    let [floor, ours] = times.map(median);
    let note = format!("{:.2} ms ÷ {:.2} ms", ours / 1e3, floor / 1e3);
    Ok(vec![Measured::new("oneshot_ratio", ours / floor, note)])
}

fn run(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("it does not start")?;
    let took = us(start.elapsed());
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && text.contains("Hello, World"),
        "{command:?} answered {text}{said}"
    );
    Ok(took)
}
