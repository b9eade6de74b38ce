//! What is counted and measured, through OpenTelemetry's API.
//!
//! No attribute is a guest's choice: a plugin can't make metrics without end.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry::{KeyValue, StringValue};
use portcullis_host_policy::audit::{AuditRecord, Verdict};

use super::names;
use crate::PluginId;
use crate::audit::AuditSink;
use crate::host::HostInner;

/// Limits of the buckets for durations, in seconds: a call takes microseconds, or as long as what it waits for.
const SECONDS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5,
    1.0, 5.0, 10.0, 60.0,
];

/// The instruments of one host.
pub(crate) struct Metrics {
    calls: Counter<u64>,
    call_duration: Histogram<f64>,
    loads: Counter<u64>,
    load_duration: Histogram<f64>,
    reloads: Counter<u64>,
    decisions: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new(meter: &Meter) -> Self {
        let counter = |name, unit, what| {
            let counter = meter.u64_counter(name).with_unit(unit);
            counter.with_description(what).build()
        };
        let seconds = |name, what| {
            let histogram = meter.f64_histogram(name).with_unit("s");
            let histogram = histogram.with_boundaries(SECONDS.to_vec());
            histogram.with_description(what).build()
        };
        Self {
            calls: counter(names::CALLS, "{call}", "Calls that ended."),
            call_duration: seconds(
                names::CALL_DURATION,
                "How long calls took, waiting included.",
            ),
            loads: counter(names::LOADS, "{load}", "Loads that ended."),
            load_duration: seconds(names::LOAD_DURATION, "How long loads took."),
            reloads: counter(
                names::RELOADS,
                "{reload}",
                "Changes that a registry made of what it saw.",
            ),
            decisions: counter(
                names::DECISIONS,
                "{decision}",
                "Decisions on what plugins asked for.",
            ),
        }
    }

    /// One load ended.
    pub(crate) fn load(&self, error_type: Option<&str>, took: Duration) {
        let failed = error_type.map(error);
        self.loads.add(1, failed.as_slice());
        self.load_duration
            .record(took.as_secs_f64(), failed.as_slice());
    }

    /// A registry made one change of what it saw, in a word.
    pub(crate) fn reload(&self, outcome: &'static str) {
        self.reloads
            .add(1, &[KeyValue::new(names::OUTCOME, outcome)]);
    }
}

/// Lets a meter ask for what is going on in a host, for as long as there is the host.
pub(crate) fn observe(meter: &Meter, host: &Arc<HostInner>) {
    let gauge = |name, unit, what, value: fn(&HostInner) -> usize| {
        let host = Arc::downgrade(host);
        let gauge = meter.i64_observable_up_down_counter(name).with_unit(unit);
        gauge
            .with_description(what)
            .with_callback(move |observer| {
                if let Some(host) = Weak::upgrade(&host) {
                    observer.observe(i64::try_from(value(&host)).unwrap_or(i64::MAX), &[]);
                }
            })
            .build();
    };
    gauge(names::CALLS_RUNNING, "{call}", "Calls that run.", |host| {
        host.gate.inside()
    });
    gauge(
        names::CALLS_QUEUED,
        "{call}",
        "Calls that wait for their turn among all of the host.",
        |host| host.gate.waiting(),
    );
    gauge(
        names::INSTANCES,
        "{instance}",
        "Instances that are kept.",
        |host| host.live_instances.load(Ordering::Relaxed),
    );
    gauge(names::SESSIONS, "{session}", "Open sessions.", |host| {
        host.sessions.open() as usize
    });
    let host = Arc::downgrade(host);
    let hit = [true, false].map(|hit| [KeyValue::new(names::CACHE_HIT, hit)]);
    meter
        .u64_observable_counter(names::CACHE_LOOKUPS)
        .with_unit("{lookup}")
        .with_description("Looks into the compile cache.")
        .with_callback(move |observer| {
            if let Some(host) = Weak::upgrade(&host) {
                observer.observe(host.cache_hits.load(Ordering::Relaxed), &hit[0]);
                observer.observe(host.cache_misses.load(Ordering::Relaxed), &hit[1]);
            }
        })
        .build();
}

/// The instruments for one plugin, with its attributes.
pub(crate) struct PluginMeter {
    metrics: Arc<Metrics>,
    plugin: KeyValue,
    /// The attributes of calls that ended well, for each tool.
    tools: HashMap<String, [KeyValue; 2]>,
}

impl PluginMeter {
    pub(crate) fn new<'a>(
        metrics: &Arc<Metrics>,
        id: &PluginId,
        tools: impl Iterator<Item = &'a str>,
    ) -> Self {
        let plugin = plugin(id);
        let tools = tools.map(|tool| {
            let name = KeyValue::new(names::TOOL_NAME, shared(tool));
            (tool.to_owned(), [plugin.clone(), name])
        });
        Self {
            tools: tools.collect(),
            metrics: Arc::clone(metrics),
            plugin,
        }
    }

    /// One call ended; `tool` is what was called, if it was one.
    pub(crate) fn call(&self, tool: Option<&str>, error_type: Option<&str>, took: Duration) {
        let known = tool.and_then(|tool| self.tools.get(tool));
        let failed;
        let attributes = match (known, error_type) {
            (Some(attributes), None) => &attributes[..],
            (known, error_type) => {
                let known = known.map_or(std::slice::from_ref(&self.plugin), |known| &known[..]);
                failed = known.iter().cloned().chain(error_type.map(error));
                &failed.collect::<Vec<_>>()[..]
            }
        };
        self.metrics.calls.add(1, attributes);
        self.metrics
            .call_duration
            .record(took.as_secs_f64(), attributes);
    }
}

/// An audit trail whose records are counted.
pub(crate) struct Counted {
    metrics: Arc<Metrics>,
    plugin: KeyValue,
    audit: Arc<dyn AuditSink>,
}

impl Counted {
    /// The same trail, counted where somebody wants to know.
    pub(crate) fn audit(
        metrics: Option<&Arc<Metrics>>,
        id: &PluginId,
        audit: Arc<dyn AuditSink>,
    ) -> Arc<dyn AuditSink> {
        match metrics {
            Some(metrics) => Arc::new(Self {
                metrics: Arc::clone(metrics),
                plugin: plugin(id),
                audit,
            }),
            None => audit,
        }
    }
}

impl AuditSink for Counted {
    fn record(&self, record: AuditRecord) {
        let decision = match record.decision {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
        };
        let mut attributes = vec![
            self.plugin.clone(),
            KeyValue::new(names::CAPABILITY, record.capability.clone()),
            KeyValue::new(names::DECISION, decision),
        ];
        attributes.extend(record.code.map(|code| error(code.as_str())));
        self.metrics.decisions.add(record.count, &attributes);
        self.audit.record(record);
    }

    fn dropped(&self) -> u64 {
        self.audit.dropped()
    }

    fn flush(&self) {
        self.audit.flush();
    }
}

fn plugin(id: &PluginId) -> KeyValue {
    KeyValue::new(names::PLUGIN_ID, shared(id.as_str()))
}

fn error(kind: &str) -> KeyValue {
    KeyValue::new(names::ERROR_TYPE, kind.to_owned())
}

/// A text that is cloned by counting.
fn shared(text: &str) -> StringValue {
    StringValue::from(Arc::<str>::from(text))
}
