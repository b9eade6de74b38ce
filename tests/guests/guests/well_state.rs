//! Keeps what it is told in its memory, for as long as the host keeps the instance.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_guest_sdk::prelude::*;

static CALLS: AtomicU64 = AtomicU64::new(0);
static SECRET: Mutex<Option<String>> = Mutex::new(None);

/// Counts the calls of this tool that this instance has seen.
#[plugin_tool]
fn count() -> u64 {
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

/// Keeps a text and answers what was kept before.
#[plugin_tool]
fn remember(text: String) -> Option<String> {
    SECRET.lock().expect("one call at a time").replace(text)
}

/// Answers what is kept.
#[plugin_tool(read_only)]
fn recall() -> Option<String> {
    SECRET.lock().expect("one call at a time").clone()
}

/// Ends the instance.
#[plugin_tool(destructive)]
fn crash() {
    panic!("crashed as it was told");
}

/// Takes memory and keeps it.
#[plugin_tool]
fn keep(mebibytes: usize) {
    std::mem::forget(vec![1_u8; mebibytes << 20]);
}
