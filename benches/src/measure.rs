//! Timing, medians and memory.

use std::future::Future;
use std::time::{Duration, Instant};
use std::{fs, thread};

use tokio::runtime::{Builder, Runtime};
use wasmtime::Result;
use wasmtime::error::Context;

/// Rounds of a comparison; odd, so that the median is one of them.
pub(crate) const ROUNDS: usize = 15;

/// The middle value; of an even number the upper one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value that 99 of 100 do not exceed.
pub(crate) fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * 99 / 100]
}

/// The mean of so many calls, in microseconds.
pub(crate) async fn mean_us(calls: u32, mut call: impl AsyncFnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..calls {
        call().await?;
    }
    Ok(us(start.elapsed()) / f64::from(calls))
}

/// The work of one future, in microseconds, and what it gave.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (f64, T) {
    let start = Instant::now();
    let value = work.await;
    (us(start.elapsed()), value)
}

pub(crate) fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A runtime that runs everything on the thread that waits for it.
pub(crate) fn current_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// A runtime with so many threads.
pub(crate) fn threads(threads: usize) -> Result<Runtime> {
    Ok(Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?)
}

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What the process holds in memory, in KiB.
///
/// # Errors
/// The system doesn't tell, as only Linux does.
pub(crate) fn resident_kib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_p99_near_the_end() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(p99((1..=200).map(f64::from).collect()), 199.0);
    }
}
