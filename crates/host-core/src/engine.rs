//! Engines: one for plain plugins and, once somebody asks for it, one that meters fuel; each with a pool of instances, a
//! linker with everything that this host serves, and a clock.

use std::sync::{Arc, OnceLock};

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::service::{Chain, HostInterface};
use crate::state::State;
use crate::ticker::Ticker;
use crate::{Error, Limits, imports};

/// Bytes of a slot's memory that stay resident between two calls; measured best for small guests (18 instead of 37 µs a
/// call together with PAGEMAP_SCAN).
const KEEP_RESIDENT: usize = 64 * 1024;

/// Core instances in the pool for each call: a Rust component takes three, one in QuickJS nine.
const CORE_INSTANCES_PER_CALL: u64 = 4;

/// A pool smaller than this could not hold one plugin of a rich language.
const LEAST_CORE_INSTANCES: u64 = 64;

/// The same for memories and tables.
const LEAST_MEMORIES: u64 = 16;

/// The instance data of the largest module that is pooled; CPython's needs some 100 KiB.
const CORE_INSTANCE_BYTES: usize = 1 << 20;

/// What a slot reserves of the address space: all that a 32-bit memory can be, so that an operator may raise one plugin's limit,
/// which the store's limiter keeps.
const MEMORY_BYTES: usize = 1 << 32;

/// Linux's default for `vm.max_map_count`, used where the system doesn't tell.
const DEFAULT_MAP_COUNT: u64 = 65_530;

/// The fuel engine's pool: metering is for the few plugins of an operator who asked for it.
const METERED_SHARE: u64 = 8;

/// An engine with what belongs to it.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    pub(crate) ticker: Ticker,
    pub(crate) metered: bool,
}

/// The two engines of a host, the second one made when it is first needed.
pub(crate) struct Engines {
    plain: OnceLock<Runtime>,
    metered: OnceLock<Runtime>,
    limits: Limits,
    in_flight: u64,
    extensions: Arc<[HostInterface]>,
}

impl Engines {
    /// Engines for `in_flight` calls at once.
    pub(crate) fn new(limits: &Limits, in_flight: u64, extensions: Arc<[HostInterface]>) -> Self {
        Self {
            plain: OnceLock::new(),
            metered: OnceLock::new(),
            limits: limits.clone(),
            in_flight: in_flight.max(1),
            extensions,
        }
    }

    /// The engine that meters fuel, or the one that doesn't.
    pub(crate) fn get(&self, metered: bool) -> Result<&Runtime, Error> {
        let (slot, in_flight) = if metered {
            (&self.metered, (self.in_flight / METERED_SHARE).max(1))
        } else {
            (&self.plain, self.in_flight)
        };
        if let Some(runtime) = slot.get() {
            return Ok(runtime);
        }
        // Two loads at once may both build one; the second is dropped.
        let runtime = Runtime::new(&self.limits, in_flight, metered, &self.extensions)?;
        Ok(slot.get_or_init(|| runtime))
    }

    /// How many engines exist.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.plain.get().is_some()) + usize::from(self.metered.get().is_some())
    }
}

impl Runtime {
    fn new(
        limits: &Limits,
        in_flight: u64,
        metered: bool,
        extensions: &[HostInterface],
    ) -> Result<Self, Error> {
        let engine = Engine::new(&config(limits, in_flight, metered)).map_err(Error::host)?;
        let mut linker = Linker::new(&engine);
        imports::link(&mut linker).map_err(Error::host)?;
        for interface in extensions {
            interface.link(&mut linker)?;
        }
        let ticker = Ticker::start(&engine).map_err(Error::host)?;
        Ok(Self {
            engine,
            linker,
            ticker,
            metered,
        })
    }
}

fn config(limits: &Limits, in_flight: u64, metered: bool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .epoch_interruption(true)
        .consume_fuel(metered)
        .max_wasm_stack(to_usize(limits.host.stack_bytes))
        .async_stack_size(to_usize(limits.host.stack_bytes).saturating_add(HOST_STACK))
        // Guests are unwound by frame pointers; registering system unwind tables would cost every load.
        .native_unwind_info(false)
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable);
    let (pool, copy_on_write) = pool(limits, in_flight, max_map_count());
    config.memory_init_cow(copy_on_write);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// What host functions may use of a stack beyond the guest's share.
const HOST_STACK: usize = 1 << 20;

/// A pool for `in_flight` calls, and whether memories are initialised by copy-on-write: every slot takes mappings, and a
/// process has only so many.
fn pool(limits: &Limits, in_flight: u64, map_count: u64) -> (PoolingAllocationConfig, bool) {
    let budget = map_count / 100 * 95;
    let kept = u64::from(limits.host.sessions);
    let wanted = in_flight.saturating_add(kept).max(LEAST_MEMORIES);
    let (calls, memories, copy_on_write) = if 2 * in_flight + 4 * wanted <= budget {
        (in_flight, wanted, true)
    } else {
        // Without copy-on-write a memory takes two mappings less.
        let most = budget / 4;
        tracing::warn!(
            in_flight,
            most,
            map_count,
            "vm.max_map_count is low: smaller pool, no copy-on-write"
        );
        (in_flight.min(most), wanted.min(most), false)
    };
    let core_instances = (memories * CORE_INSTANCES_PER_CALL).max(LEAST_CORE_INSTANCES);
    let mut pool = PoolingAllocationConfig::new();
    pool.pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        .async_stack_keep_resident(KEEP_RESIDENT)
        .total_stacks(to_u32(calls + PROBES + CHAINED))
        .total_component_instances(to_u32(core_instances))
        .total_core_instances(to_u32(core_instances))
        .total_memories(to_u32(memories))
        .total_tables(to_u32((memories * 2).max(LEAST_MEMORIES)))
        .max_core_instance_size(CORE_INSTANCE_BYTES)
        .max_component_instance_size(CORE_INSTANCE_BYTES)
        .max_core_instances_per_component(limits.call.core_instances)
        .max_memories_per_component(limits.call.memories)
        .max_tables_per_component(limits.call.tables)
        .max_memories_per_module(limits.call.memories)
        .max_tables_per_module(limits.call.tables)
        .table_elements(to_usize(limits.call.table_elements))
        .max_memory_size(MEMORY_BYTES);
    (pool, copy_on_write)
}

/// Stacks for plugins that are asked for their definitions while every call is taken.
const PROBES: u64 = 2;

/// Stacks for one chain of calls, which has the permit of its first: a host with one permit can finish the longest.
const CHAINED: u64 = Chain::DEPTH as u64 - 1;

fn max_map_count() -> u64 {
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    text.trim().parse().unwrap_or(DEFAULT_MAP_COUNT)
}

fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn to_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
