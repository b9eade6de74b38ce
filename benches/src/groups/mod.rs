//! The groups of figures, one file each.

mod agent;
mod bridge;
mod calls;
mod decision;
mod egress;
mod inflight;
mod load;
mod mcp;
mod neighbours;
mod oneshot;
mod registry;
mod reload;
mod scaling;
mod telemetry;

use portcullis_host_core::{Host, HostBuilder, Limits, Plugin};
use portcullis_test_artifacts::BENCH_GREET;
use serde_json::{Value, json};
use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use crate::figures::Measured;

pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) measure: fn() -> Result<Vec<Measured>>,
}

pub(crate) const GROUPS: [Group; 14] = [
    Group {
        name: "calls",
        what: "isolated and warm calls",
        measure: calls::measure,
    },
    Group {
        name: "load",
        what: "loads of cached plugins (compiles 1,000 of them first, some minutes)",
        measure: load::measure,
    },
    Group {
        name: "registry",
        what: "a folder of 1,000 signed, cached plugins (compiles them first, some minutes)",
        measure: registry::measure,
    },
    Group {
        name: "reload",
        what: "calls while their plugin is exchanged",
        measure: reload::measure,
    },
    Group {
        name: "oneshot",
        what: "one call of the command line, process and all",
        measure: oneshot::measure,
    },
    Group {
        name: "inflight",
        what: "10,000 calls that wait on the host",
        measure: inflight::measure,
    },
    Group {
        name: "scaling",
        what: "calls on one core and on two",
        measure: scaling::measure,
    },
    Group {
        name: "neighbours",
        what: "a guest that never ends, and who runs beside it",
        measure: neighbours::measure,
    },
    Group {
        name: "decision",
        what: "policy decisions under a hundred rules",
        measure: decision::measure,
    },
    Group {
        name: "egress",
        what: "requests through the gate, and by hyper alone",
        measure: egress::measure,
    },
    Group {
        name: "agent",
        what: "hooks, a plugin's gate and provider, and an agent without plugins",
        measure: agent::measure,
    },
    Group {
        name: "bridge",
        what: "a megabyte through a component without the contract",
        measure: bridge::measure,
    },
    Group {
        name: "telemetry",
        what: "warm calls with nobody listening, with who wants nothing, and traced",
        measure: telemetry::measure,
    },
    Group {
        name: "mcp",
        what: "calls through an MCP server, over stdio",
        measure: mcp::measure,
    },
];

pub(crate) fn named(name: &str) -> Result<&'static Group> {
    let names = GROUPS.map(|group| group.name).join(", ");
    GROUPS
        .iter()
        .find(|group| group.name == name)
        .with_context(|| format!("no group `{name}`; there are {names}"))
}

/// What every call of the bench guest's `greet` is given.
fn arguments() -> Value {
    json!({ "name": "World", "age": 42 })
}

/// Looks at the answer, as cheaply as can be: it is timed with the call.
fn check(answer: Option<&Value>) -> Result<()> {
    let text = answer.and_then(|answer| answer.get("text")?.as_str());
    ensure!(
        text == Some("Hello, World, 42 years old!"),
        "{BENCH_GREET} answered {answer:?}"
    );
    Ok(())
}

/// A host with all limits on but those that would end a bench: it makes more calls a minute than any agent.
fn host(limits: Limits) -> HostBuilder {
    Host::builder().limits(limits).no_cache().no_audit()
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.host.calls_per_minute = u32::MAX;
    limits.plugin.calls_per_minute = u32::MAX;
    limits
}

/// Calls `greet` and looks at the answer.
async fn greet(plugin: &Plugin, arguments: Value) -> Result<()> {
    let output = plugin.call("greet", arguments, Default::default()).await?;
    check(output.structured.as_ref())
}
