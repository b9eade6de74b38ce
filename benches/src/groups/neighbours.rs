//! A guest in an endless loop: when it is gone, and what the calls beside it notice.

use std::time::Duration;

use portcullis_host_core::{CallOptions, Error, Grant, Plugin};
use portcullis_test_artifacts::BENCH_GREET;
use serde_json::json;
use wasmtime::{Result, bail};

use super::{arguments, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{cores, median, p99, threads, timed};

/// Endless loops whose median is the figure.
const RUNAWAYS: usize = 21;

const DEADLINE: Duration = Duration::from_millis(100);

const ROUNDS: usize = 7;

/// A neighbour's calls in one round.
const CALLS: usize = 5_000;

/// Longer than a round.
const BESIDE: Duration = Duration::from_secs(30);

pub(super) fn measure() -> Result<Vec<Measured>> {
    threads(cores())?.block_on(async {
        let mut limits = limits();
        limits.call.wall_clock = BESIDE;
        let host = host(limits).build()?;
        let plugin = host.load(BENCH_GREET, Grant::none()).await?;
        let over = runaway_over_ms(&plugin).await?;

        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            alone.push(p99_us(plugin.clone()).await?);
            let runaway = tokio::spawn({
                let plugin = plugin.clone();
                async move { plugin.call("spin", json!({}), CallOptions::default()).await }
            });
            beside.push(p99_us(plugin.clone()).await?);
            runaway.abort();
            if let Ok(ended) = runaway.await {
                bail!("the endless loop ended: {ended:?}");
            }
        }
        let (alone, beside) = (median(alone), median(beside));
        Ok(vec![
            Measured::new(
                "runaway_over_ms",
                over,
                format!("median of {RUNAWAYS}, deadline of {DEADLINE:?}"),
            ),
            Measured::new(
                "neighbour_p99_ratio",
                beside / alone,
                format!("{beside:.1} µs ÷ {alone:.1} µs"),
            ),
        ])
    })
}

async fn runaway_over_ms(plugin: &Plugin) -> Result<f64> {
    let mut over = Vec::new();
    for _ in 0..RUNAWAYS {
        let options = CallOptions {
            timeout: Some(DEADLINE),
            ..CallOptions::default()
        };
        let (us, ended) = timed(plugin.call("spin", json!({}), options)).await;
        let Err(Error::DeadlineExceeded { .. }) = ended else {
            bail!("the endless loop ended: {ended:?}")
        };
        over.push(us / 1e3 - DEADLINE.as_secs_f64() * 1e3);
    }
    Ok(median(over))
}

/// The p99 of calls one after the other, made by a task, as an agent host makes them.
async fn p99_us(plugin: Plugin) -> Result<f64> {
    let task = tokio::spawn(async move {
        let (given, mut times) = (arguments(), Vec::with_capacity(CALLS));
        for _ in 0..CALLS {
            let (us, done) = timed(greet(&plugin, given.clone())).await;
            done?;
            times.push(us);
        }
        Ok(p99(times))
    });
    task.await?
}
