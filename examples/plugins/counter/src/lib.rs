//! A counter that lives as long as the session it is called in.
//!
//! The manifest asks for `policy = "session"`: calls that name the same session share one instance, and with it this
//! memory. A call without a session sees a counter of its own.

use std::sync::atomic::{AtomicI64, Ordering};

use portcullis_guest_sdk::prelude::*;

static COUNT: AtomicI64 = AtomicI64::new(0);

/// Adds to the counter and answers its new value.
#[plugin_tool]
fn increment(
    /// How much to add; less than nothing subtracts.
    #[arg(default = 1)]
    by: i64,
) -> Result<i64, ToolError> {
    let sum = COUNT.load(Ordering::Relaxed).checked_add(by);
    let sum = sum.ok_or_else(|| {
        ToolError::conflict(format!("{by} more is beyond the counter's range; reset it"))
    })?;
    COUNT.store(sum, Ordering::Relaxed);
    Ok(sum)
}

/// Answers the counter's value.
#[plugin_tool(read_only)]
fn value() -> i64 {
    COUNT.load(Ordering::Relaxed)
}

/// Sets the counter back to zero and answers what it was.
#[plugin_tool(destructive, idempotent)]
fn reset() -> i64 {
    COUNT.swap(0, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test, because all tests of a crate share its statics.
    #[test]
    fn it_counts_until_it_is_reset_and_never_overflows() {
        assert_eq!(increment(2), Ok(2));
        assert_eq!(increment(-5), Ok(-3));
        assert_eq!(value(), -3);
        assert_eq!(reset(), -3);
        assert_eq!(increment(i64::MAX), Ok(i64::MAX));
        assert_eq!(increment(1).unwrap_err().code, "conflict");
        assert_eq!(value(), i64::MAX);
    }
}
