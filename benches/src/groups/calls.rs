//! One call after the other: each in an instance of its own, and all in one.

use std::path::Path;

use portcullis_bench::floor::Floor;
use portcullis_host_core::{Grant, InstancePolicy, LoadOptions};
use portcullis_test_artifacts::BENCH_GREET;
use wasmtime::Result;

use super::{arguments, check, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, mean_us, median};

/// Calls of one round.
const ISOLATED: u32 = 2_000;
const WARM: u32 = 10_000;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let runtime = current_thread()?;
    runtime.block_on(async {
        let floor = Floor::pooled(Path::new(BENCH_GREET))?;
        let host = host(limits()).build()?;
        let fresh = host.load(BENCH_GREET, Grant::none()).await?;
        let reuse = LoadOptions {
            instances: Some(InstancePolicy::Reuse),
            ..LoadOptions::default()
        };
        let reused = host.load_with(BENCH_GREET, reuse).await?;
        let mut warm = floor.warm().await?;

        let given = arguments();
        // In turns, so that what slows the machine down for a while slows both.
        let mut times: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            let call = async || check(Some(&floor.call("greet", given.clone()).await?));
            times[0].push(mean_us(ISOLATED, call).await?);
            let call = async || greet(&fresh, given.clone()).await;
            times[1].push(mean_us(ISOLATED, call).await?);
            let call = async || check(Some(&warm.call("greet", given.clone()).await?));
            times[2].push(mean_us(WARM, call).await?);
            let call = async || greet(&reused, given.clone()).await;
            times[3].push(mean_us(WARM, call).await?);
        }
        let [floor_isolated, isolated, floor_warm, warm] = times.map(median);
        Ok(vec![
            ratio("isolated_ratio", isolated, floor_isolated),
            ratio("warm_ratio", warm, floor_warm),
        ])
    })
}

fn ratio(key: &str, ours: f64, floor: f64) -> Measured {
    Measured::new(key, ours / floor, format!("{ours:.1} µs ÷ {floor:.1} µs"))
}
