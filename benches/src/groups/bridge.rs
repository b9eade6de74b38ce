//! A megabyte there and back through a component that knows nothing of the contract: by its types, and by wasmtime's own typed call.

use std::fmt;

use portcullis_bench::floor::State;
use portcullis_host_core::{Host, InstancePolicy, LoadOptions, Plugin};
use portcullis_test_artifacts::BENCH_BYTES;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::json;
use wasmtime::component::{Component, Func, Linker};
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result, Store, ensure};

use super::{host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, mean_us, median};

const BYTES: usize = 1 << 20;

/// Room for a megabyte as base64, twice.
const ROOM: u64 = 8 << 20;

/// Calls of one round.
const CALLS: u32 = 100;

/// As JSON, with its conversions, a call takes longer.
const JSON_CALLS: u32 = 20;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let runtime = current_thread()?;
    runtime.block_on(async {
        let plugin = load(&roomy()?).await?;
        let mut floor = Floor::new().await?;
        let data = Octets((0..BYTES).map(|byte| byte as u8).collect());
        let text = json!({"data": "AAAA".repeat(BYTES / 3)});

        // In turns, so that what slows the machine down for a while slows all of them.
        let mut times: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(mean_us(CALLS, async || floor.echo(&data.0).await).await?);
            let call = async || {
                let back: Octets = plugin.call_typed("echo", (&data,)).await?;
                ensure!(back.0.len() == BYTES, "{} bytes came back", back.0.len());
                Ok(())
            };
            times[1].push(mean_us(CALLS, call).await?);
            let call = async || {
                let output = plugin
                    .call("echo", text.clone(), Default::default())
                    .await?;
                ensure!(output.structured.is_some(), "nothing came back");
                Ok(())
            };
            times[2].push(mean_us(JSON_CALLS, call).await?);
        }
        let [floor, typed, as_json] = times.map(median);
        Ok(vec![
            ratio("bridge_bytes_ratio", typed, floor),
            ratio("bridge_json_ratio", as_json, floor),
        ])
    })
}

fn ratio(key: &str, ours: f64, floor: f64) -> Measured {
    Measured::new(key, ours / floor, format!("{ours:.0} µs ÷ {floor:.0} µs"))
}

/// A host that lets a megabyte through.
fn roomy() -> Result<Host> {
    let mut limits = limits();
    limits.call.argument_bytes = ROOM;
    limits.call.output_bytes = ROOM;
    Ok(host(limits).build()?)
}

async fn load(host: &Host) -> Result<Plugin> {
    let reuse = LoadOptions {
        instances: Some(InstancePolicy::Reuse),
        ..LoadOptions::default()
    };
    Ok(host.load_with(BENCH_BYTES, reuse).await?)
}

/// Bytes as serde has them, and not a list of numbers.
struct Octets(Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Octets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Octets, E> {
                Ok(Octets(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// Wasmtime called by hand, with the types known when it is compiled: all that is left is copying.
struct Floor {
    store: Store<State>,
    echo: Func,
}

impl Floor {
    async fn new() -> Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, BENCH_BYTES)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let mut store = Store::new(&engine, State::default());
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let echo = instance.get_func(&mut store, "echo");
        let echo = echo.context("the guest has no echo")?;
        Ok(Self { store, echo })
    }

    async fn echo(&mut self, data: &[u8]) -> Result<()> {
        let echo = self.echo.typed::<(&[u8],), (Vec<u8>,)>(&self.store)?;
        let (back,) = echo.call_async(&mut self.store, (data,)).await?;
        ensure!(back.len() == BYTES, "{} bytes came back", back.len());
        Ok(())
    }
}
