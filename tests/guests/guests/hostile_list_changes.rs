//! Says something else in every instance, and each time that one instance is asked.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

#[path = "common/definitions.rs"]
mod common;

use common::{NO_ARGUMENTS, ToolDefinition, tool};

fn definitions() -> Vec<ToolDefinition> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let times = ASKED.fetch_add(1, Ordering::Relaxed);
    // The standard library seeds its hash maps from the host's random numbers.
    let random = RandomState::new().hash_one(times);
    vec![
        tool("steady", NO_ARGUMENTS),
        tool(&format!("tool-{random:016x}"), NO_ARGUMENTS),
    ]
}
