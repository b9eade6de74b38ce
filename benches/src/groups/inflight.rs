//! Calls that wait on a host call, all at once.

use std::time::Duration;

use portcullis_host_core::Grant;
use portcullis_test_artifacts::BENCH_GREET;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;
use wasmtime::Result;

use super::{arguments, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{cores, resident_kib, threads};

const CALLS: u32 = 10_000;

/// How long each waits: longer than it takes to start all of them.
const WAIT: Duration = Duration::from_secs(10);

/// How often the host is asked how many are in flight.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn measure() -> Result<Vec<Measured>> {
    threads(cores())?.block_on(async {
        let mut limits = limits();
        limits.host.concurrent_calls = CALLS;
        limits.plugin.concurrent_calls = CALLS;
        limits.call.wall_clock = 6 * WAIT;
        let host = host(limits).max_in_flight(CALLS).build()?;
        let plugin = host.load(BENCH_GREET, Grant::none()).await?;
        greet(&plugin, arguments()).await?;

        let before = resident_kib()?;
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            let (plugin, arguments) = (plugin.clone(), json!({ "ms": WAIT.as_millis() }));
            calls.spawn(async move { plugin.call("sleep", arguments, Default::default()).await });
        }
        let (mut most, mut resident) = (0, before);
        while host.stats().calls_in_flight >= most {
            (most, resident) = (host.stats().calls_in_flight, resident_kib()?);
            sleep(LOOK).await;
        }
        let (mut answered, mut first_error) = (0, None);
        while let Some(call) = calls.join_next().await {
            match call? {
                Ok(_) => answered += 1,
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let note = first_error.map_or("all answered".to_owned(), |error| {
            format!("{answered} answered; {error}")
        });
        let together = most.min(answered) as f64;
        Ok(vec![
            Measured::new("inflight_calls", together, note),
            Measured::new(
                "inflight_kib_each",
                (resident - before) / together,
                "growth of the process",
            ),
        ])
    })
}
