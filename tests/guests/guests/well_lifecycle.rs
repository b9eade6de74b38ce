//! Takes its settings once, before its first call.

use std::cell::Cell;
use std::cell::RefCell;

use portcullis_guest_sdk::prelude::*;

/// What the operator may set.
#[plugin_type]
#[derive(Clone)]
struct Settings {
    /// Who greets.
    #[serde(default)]
    name: String,
    /// Whether to refuse to start.
    #[serde(default)]
    refuse: bool,
    /// Whether to panic instead of starting.
    #[serde(default)]
    panic: bool,
}

thread_local! {
    static SETTINGS: RefCell<Option<Settings>> = const { RefCell::new(None) };
    static STARTS: Cell<u32> = const { Cell::new(0) };
}

#[plugin_start]
fn start(settings: Settings) -> Result<(), String> {
    STARTS.set(STARTS.get() + 1);
    if settings.panic {
        panic!("panicked at the start, as it was told");
    }
    if settings.refuse {
        return Err("refused to start, as it was told".into());
    }
    SETTINGS.set(Some(settings));
    Ok(())
}

/// Answers the name it was started with.
#[plugin_tool(read_only)]
fn name() -> Result<String, ToolError> {
    let settings = SETTINGS.with_borrow(Clone::clone);
    Ok(settings
        .ok_or_else(|| ToolError::internal("called before its start"))?
        .name)
}

/// Counts how often this instance was started.
#[plugin_tool(read_only)]
fn starts() -> u32 {
    STARTS.get()
}
