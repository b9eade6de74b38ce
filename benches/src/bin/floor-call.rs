//! `floor-call COMPONENT CACHE TOOL ARGUMENTS`: one call by hand, from the start of the process to its answer.

use std::env;
use std::path::Path;

use portcullis_bench::floor::Floor;
use wasmtime::Result;
use wasmtime::error::Context;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .context("floor-call COMPONENT CACHE TOOL ARGUMENTS")
    };
    let (component, cache, tool, json) = (next()?, next()?, next()?, next()?);
    let floor = Floor::cached(Path::new(&component), Path::new(&cache))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!(
        "{}",
        runtime.block_on(floor.call(&tool, serde_json::from_str(&json)?))?
    );
    Ok(())
}
