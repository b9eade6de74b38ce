//! The points that a hook can stand on, as `portcullis-contract` has them: macros know no types. A test of the SDK holds
//! the two equal.

/// One point.
pub(crate) struct Point {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether something can be changed at it.
    pub(crate) modify: bool,
    /// Whether something can be stopped at it.
    pub(crate) gate: bool,
}

const fn point(name: &'static str, modify: bool, gate: bool) -> Point {
    Point { name, modify, gate }
}

/// All of them, in the order of an agent's life.
pub(crate) const POINTS: [Point; 21] = [
    point("gateway-start", false, true),
    point("gateway-stop", false, false),
    point("session-start", true, true),
    point("session-end", false, false),
    point("message-received", true, true),
    point("before-agent-start", true, true),
    point("before-model-resolve", true, true),
    point("before-prompt-build", true, true),
    point("before-llm-call", true, true),
    point("llm-input", false, false),
    point("llm-output", true, true),
    point("before-tool-call", true, true),
    point("after-tool-call", false, false),
    point("tool-result-persist", true, true),
    point("before-compaction", true, true),
    point("after-compaction", false, false),
    point("should-stop-after-turn", true, true),
    point("prepare-next-turn", true, true),
    point("message-sending", true, true),
    point("message-sent", false, false),
    point("heartbeat", false, false),
];
