//! Isolated calls on one thread, and on two.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis_host_core::{Grant, Plugin};
use portcullis_test_artifacts::BENCH_GREET;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wasmtime::Result;

use super::{arguments, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{cores, median, threads};

const ROUNDS: usize = 7;

/// Of one round on one number of threads.
const PERIOD: Duration = Duration::from_millis(700);

/// More callers than threads, as an agent host has.
const CALLERS: usize = 8;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let (one, two) = (threads(1)?, threads(2)?);
    let plugin = two.block_on(async {
        let host = host(limits()).build()?;
        host.load(BENCH_GREET, Grant::none()).await
    })?;
    let mut rates: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        rates[0].push(one.block_on(calls_per_second(&plugin))?);
        rates[1].push(two.block_on(calls_per_second(&plugin))?);
    }
    let [one, two] = rates.map(median);
    let mut note = format!("{two:.0} ÷ {one:.0} calls/s");
    if cores() < 2 {
        note.push_str(", but this machine has one core");
    }
    Ok(vec![Measured::new("scaling_2", two / one, note)])
}

async fn calls_per_second(plugin: &Plugin) -> Result<f64> {
    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CALLERS {
        let (plugin, stop, calls) = (plugin.clone(), Arc::clone(&stop), Arc::clone(&calls));
        callers.spawn(async move {
            let given = arguments();
            while !stop.load(Ordering::Relaxed) {
                greet(&plugin, given.clone()).await?;
                calls.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, wasmtime::Error>(())
        });
    }
    sleep(PERIOD).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    Ok(calls.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}
