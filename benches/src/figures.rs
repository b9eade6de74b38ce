//! The figures: what each must be, and what was measured.

/// A figure of the table, under its key in `bench.json`.
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) bound: Bound,
}

/// What a figure must be.
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Written down, for comparison over time.
    Anything,
}

use Bound::{Anything, AtLeast, AtMost};

/// In the order of the table. Each is a promise to whoever uses the project, set from what was measured by hand.
pub(crate) const FIGURES: [Figure; 30] = [
    Figure {
        key: "isolated_ratio",
        name: "isolated call ÷ floor's",
        bound: AtMost(1.25),
    },
    Figure {
        key: "warm_ratio",
        name: "warm call ÷ floor's",
        bound: AtMost(1.5),
    },
    Figure {
        key: "cached_load_ms",
        name: "load of a cached plugin, ms",
        bound: AtMost(1.5),
    },
    Figure {
        key: "load_1000_s",
        name: "load of 1,000 cached plugins, s",
        bound: AtMost(1.0),
    },
    Figure {
        key: "load_1000_kib_each",
        name: "… resident, KiB each",
        bound: AtMost(300.0),
    },
    Figure {
        key: "registry_1000_s",
        name: "1,000 signed, cached plugins found, verified, ready, s",
        bound: AtMost(1.5),
    },
    Figure {
        key: "registry_1000_kib_each",
        name: "… resident, KiB each",
        bound: AtMost(300.0),
    },
    Figure {
        key: "reload_failed",
        name: "calls that failed while their plugin was exchanged",
        bound: AtMost(0.0),
    },
    Figure {
        key: "reload_mixed",
        name: "… that another version answered",
        bound: AtMost(0.0),
    },
    Figure {
        key: "oneshot_ratio",
        name: "`portcullis call`, cached ÷ floor's",
        bound: AtMost(2.0),
    },
    Figure {
        key: "inflight_calls",
        name: "waiting calls in flight at once",
        bound: AtLeast(10_000.0),
    },
    Figure {
        key: "inflight_kib_each",
        name: "… resident, KiB each",
        bound: Anything,
    },
    Figure {
        key: "scaling_2",
        name: "calls per second on 2 cores ÷ on 1",
        bound: AtLeast(1.8),
    },
    Figure {
        key: "runaway_over_ms",
        name: "endless loop, ms beyond its deadline",
        bound: AtMost(20.0),
    },
    Figure {
        key: "neighbour_p99_ratio",
        name: "neighbour's p99 beside it ÷ alone",
        bound: AtMost(1.5),
    },
    Figure {
        key: "decision_us",
        name: "policy decision, 100 rules, µs",
        bound: AtMost(2.0),
    },
    Figure {
        key: "egress_small_ratio",
        name: "small request through the gate ÷ hyper's",
        bound: AtMost(1.3),
    },
    Figure {
        key: "egress_large_ratio",
        name: "1 GiB: throughput through the gate ÷ hyper's",
        bound: AtLeast(0.7),
    },
    Figure {
        key: "hook_point_us",
        name: "hook point without subscribers, µs",
        bound: AtMost(1.0),
    },
    Figure {
        key: "hook_gate_ratio",
        name: "one plugin gate ÷ an isolated tool call",
        bound: AtMost(1.5),
    },
    Figure {
        key: "provider_deltas_per_s",
        name: "pieces per second through a provider plugin",
        bound: AtLeast(200_000.0),
    },
    Figure {
        key: "disabled_tool_us",
        name: "native tool with plugins off, µs added by hooks",
        bound: AtMost(2.0),
    },
    Figure {
        key: "disabled_provider_ratio",
        name: "native provider with plugins off ÷ asked directly",
        bound: AtMost(1.1),
    },
    Figure {
        key: "bridge_bytes_ratio",
        name: "1 MiB by a component's types ÷ floor's typed call",
        bound: AtMost(3.0),
    },
    Figure {
        key: "bridge_json_ratio",
        name: "… as a tool, in base64 and JSON",
        bound: Anything,
    },
    Figure {
        key: "telemetry_off_ratio",
        name: "warm call, a subscriber that wants nothing ÷ none",
        bound: AtMost(1.1),
    },
    Figure {
        key: "telemetry_on_ratio",
        name: "warm call, traced ÷ not",
        bound: Anything,
    },
    Figure {
        key: "mcp_added_us",
        name: "call by MCP over stdio, µs added to one in this process",
        bound: AtMost(60.0),
    },
    Figure {
        key: "mcp_added_rmcp_us",
        name: "… by rmcp's client, with its own work",
        bound: Anything,
    },
    Figure {
        key: "mcp_calls_per_s",
        name: "… calls per second, 64 in flight",
        bound: AtLeast(15_000.0),
    },
];

impl Bound {
    pub(crate) fn holds(&self, value: f64) -> bool {
        match self {
            AtMost(most) => value <= *most,
            AtLeast(least) => value >= *least,
            Anything => true,
        }
    }
}

/// A figure as it was measured, with what it was computed from.
#[derive(Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) key: String,
    pub(crate) value: f64,
    pub(crate) note: String,
}

impl Measured {
    pub(crate) fn new(key: &str, value: f64, note: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            value,
            note: note.into(),
        }
    }

    /// One line, from the process that measured to the one that reports.
    pub(crate) fn to_line(&self) -> String {
        format!("{}\t{}\t{}", self.key, self.value, self.note)
    }

    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, '\t');
        Some(Self::new(
            parts.next()?,
            parts.next()?.parse().ok()?,
            parts.next()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_survives_its_line() {
        let measured = Measured::new("warm_ratio", 1.25, "2.5 µs ÷ 2.0 µs");
        assert_eq!(Measured::from_line(&measured.to_line()), Some(measured));
        assert_eq!(Measured::from_line("warm_ratio\tfast\t"), None);
    }

    #[test]
    fn bounds_include_themselves() {
        assert!(AtMost(1.0).holds(1.0) && !AtMost(1.0).holds(1.1));
        assert!(AtLeast(1.0).holds(1.0) && !AtLeast(1.0).holds(0.9));
    }
}
