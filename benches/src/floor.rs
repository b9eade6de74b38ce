//! The floor: wasmtime called by hand. It does what any host of these plugins has to do – async, WASI 0.2 and 0.3
//! linked, a fresh store for each call, arguments and answer as JSON values – in the fastest way that wasmtime has, and
//! nothing that keeps a guest in its bounds: no deadline, no limits, no checks, no records.

use std::path::Path;

use serde_json::Value;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::Context;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store,
    bail,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use bindings::exports::portcullis::tool::tools::ToolCall;
use bindings::{Floor as Bindings, FloorPre as BindingsPre};

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package portcullis:bench@0.1.0;
            world floor { export portcullis:tool/tools@0.1.0; }
        ",
        world: "portcullis:bench/floor@0.1.0",
        exports: { default: async | store },
    });
}

/// As wide as the widest bench.
const SLOTS: u32 = 1_000;

/// Measured best for small guests, together with PAGEMAP_SCAN.
const KEEP_RESIDENT: usize = 64 * 1024;

/// One component, ready to be called.
pub struct Floor {
    engine: Engine,
    pre: BindingsPre<State>,
}

/// An instance that serves more than one call.
pub struct Warm {
    store: Store<State>,
    plugin: Bindings,
}

/// What a store by hand holds: WASI, with nothing granted.
#[derive(Default)]
pub struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Floor {
    /// Compiles a component for an engine with a pool of instances.
    ///
    /// # Errors
    /// It can't be read, compiled or linked.
    pub fn pooled(component: &Path) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.pagemap_scan(Enabled::Auto)
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(KEEP_RESIDENT);
        pool.total_component_instances(SLOTS)
            .total_core_instances(4 * SLOTS);
        pool.total_memories(SLOTS)
            .total_tables(4 * SLOTS)
            .total_stacks(SLOTS);
        let mut config = Config::new();
        config
            .wasm_component_model_async(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, component)?;
        Self::link(engine, &component)
    }

    /// Takes a component from the code cached at `cache`, compiling it before where there is none, for an engine without
    /// a pool: the fastest for a process that makes one call.
    ///
    /// # Errors
    /// It can't be read, compiled or linked.
    #[allow(unsafe_code)]
    pub fn cached(component: &Path, cache: &Path) -> Result<Self> {
        let mut config = Config::new();
        config.wasm_component_model_async(true);
        let engine = Engine::new(&config)?;
        if !cache.exists() {
            std::fs::write(
                cache,
                Component::from_file(&engine, component)?.serialize()?,
            )?;
        }
        // SAFETY: the bench wrote this file, in a folder that it made for this run.
        let component = unsafe { Component::deserialize_file(&engine, cache)? };
        Self::link(engine, &component)
    }

    fn link(engine: Engine, component: &Component) -> Result<Self> {
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        let pre = BindingsPre::new(linker.instantiate_pre(component)?)?;
        Ok(Self { engine, pre })
    }

    /// Calls a tool in an instance of its own and gives its structured answer.
    ///
    /// # Errors
    /// The guest trapped or answered with an error.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Value> {
        self.warm().await?.call(tool, arguments).await
    }

    /// An instance to be called again and again.
    ///
    /// # Errors
    /// There is no slot left.
    pub async fn warm(&self) -> Result<Warm> {
        let mut store = Store::new(&self.engine, State::default());
        let plugin = self.pre.instantiate_async(&mut store).await?;
        Ok(Warm { store, plugin })
    }
}

impl Warm {
    /// As [`Floor::call`], in this instance.
    ///
    /// # Errors
    /// The guest trapped or answered with an error.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<Value> {
        let call = ToolCall {
            call_id: String::new(),
            name: tool.to_owned(),
            arguments: arguments.to_string(),
            attachments: Vec::new(),
            metadata: Vec::new(),
        };
        let tools = self.plugin.portcullis_tool_tools();
        let answer = self
            .store
            .run_concurrent(async |store| tools.call_call(store, call).await)
            .await??;
        let Ok(output) = answer else {
            bail!("the tool failed: {answer:?}")
        };
        Ok(serde_json::from_str(
            &output.structured.context("no structured answer")?,
        )?)
    }
}
