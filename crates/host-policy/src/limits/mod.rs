//! How much a plugin may use. All limits are on by default; each default is a named constant in [`defaults`] with
//! its reason.
//!
//! The operator sets a limit ([`Limits::set_by`]); a plugin's manifest only lowers it ([`Limits::lowered_by`]).

pub mod defaults;
mod overrides;
#[cfg(test)]
mod tests;
mod value;

use std::time::Duration;

pub(crate) use overrides::LimitKind;
pub use overrides::{CallLimits, LimitOverrides, PluginLimits};
pub use value::LimitError;

/// Every limit of one plugin on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of one call.
    pub call: CallLimits,
    /// Of all calls of one plugin together.
    pub plugin: PluginLimits,
    /// Of reading, compiling and asking a component.
    pub load: LoadLimits,
    /// Of all plugins together.
    pub host: HostLimits,
}

impl Limits {
    /// The defaults with fuel switched on: a call ends after [`defaults::METERED_FUEL`] units, on every machine at the
    /// same instruction.
    pub fn metered() -> Self {
        Self {
            call: CallLimits::metered(),
            ..Self::default()
        }
    }

    /// These limits, each no larger than `said`: what a manifest may do. A value that is larger than the limit has no
    /// effect.
    pub fn lowered_by(&self, said: &LimitOverrides) -> Self {
        let mut limits = self.clone();
        limits.call = limits.call.lowered_by(said);
        limits.plugin = limits.plugin.lowered_by(said);
        limits
    }

    /// These limits, each replaced where `said` names it: what an operator may do.
    pub fn set_by(&self, said: &LimitOverrides) -> Self {
        let mut limits = self.clone();
        limits.call = limits.call.set_by(said);
        limits.plugin = limits.plugin.set_by(said);
        limits
    }
}

impl CallLimits {
    /// The defaults with fuel switched on.
    pub fn metered() -> Self {
        Self {
            fuel: Some(defaults::METERED_FUEL),
            ..Self::default()
        }
    }
}

/// Limits of loading one component. Only the operator sets them: they hold before a manifest is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadLimits {
    /// Size of the component, in bytes.
    pub component_bytes: u64,
    /// Size of the largest function body, in bytes; the compiler's memory grows with it, not with the whole file.
    pub function_bytes: u64,
    /// Functions in all core modules of the component.
    pub functions: u32,
    /// Time that compiling may take.
    pub compile_time: Duration,
    /// Time that a guest has to list its definitions.
    pub probe_time: Duration,
    /// Tools that a plugin may define.
    pub tools: u32,
    /// Bytes of all definitions together: names, titles, descriptions and schemas.
    pub definition_bytes: u64,
    /// Bytes of one schema.
    pub schema_bytes: u64,
    /// Levels that a schema may nest.
    pub schema_depth: u32,
    /// Bytes of the manifest.
    pub manifest_bytes: u64,
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self {
            component_bytes: defaults::COMPONENT_BYTES,
            function_bytes: defaults::FUNCTION_BYTES,
            functions: defaults::FUNCTIONS,
            compile_time: defaults::COMPILE_TIME,
            probe_time: defaults::PROBE_TIME,
            tools: defaults::TOOLS,
            definition_bytes: defaults::DEFINITION_BYTES,
            schema_bytes: defaults::SCHEMA_BYTES,
            schema_depth: defaults::SCHEMA_DEPTH,
            manifest_bytes: defaults::MANIFEST_BYTES,
        }
    }
}

/// Limits of everything that one host runs. Only the operator sets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// Calls that run at once.
    pub concurrent_calls: u32,
    /// Calls that wait for a free place; one more is `busy`.
    pub queued_calls: u32,
    /// Sessions that are open at once.
    pub sessions: u32,
    /// Calls that start within a minute.
    pub calls_per_minute: u32,
    /// WebAssembly stack of one call, in bytes.
    pub stack_bytes: u64,
    /// Components that compile at once.
    pub concurrent_compiles: u32,
    /// Size of the compile cache on disk, in bytes.
    pub cache_bytes: u64,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            concurrent_calls: defaults::HOST_CONCURRENT_CALLS,
            queued_calls: defaults::HOST_QUEUED_CALLS,
            sessions: defaults::HOST_SESSIONS,
            calls_per_minute: defaults::HOST_CALLS_PER_MINUTE,
            stack_bytes: defaults::STACK_BYTES,
            concurrent_compiles: defaults::CONCURRENT_COMPILES,
            cache_bytes: defaults::CACHE_BYTES,
        }
    }
}
