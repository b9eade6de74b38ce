//! Tools that take their time, and say meanwhile how far they have come.

use std::thread;
use std::time::Duration;

use portcullis_guest_sdk::prelude::*;

/// Between two steps, so that a client gets what a step says by itself.
const STEP: Duration = Duration::from_millis(50);

/// Logs three lines while it works.
#[plugin_tool(read_only)]
fn test_tool_with_logging() -> &'static str {
    log::info!("Tool execution started");
    thread::sleep(STEP);
    log::info!("Tool processing data");
    thread::sleep(STEP);
    log::info!("Tool execution completed");
    "Tool with logging executed successfully"
}

/// Tells its progress three times while it works.
#[plugin_tool(read_only)]
fn test_tool_with_progress(ctx: &Context) -> &'static str {
    ctx.progress(0.0, Some(100.0), None);
    thread::sleep(STEP);
    ctx.progress(50.0, Some(100.0), None);
    thread::sleep(STEP);
    ctx.progress(100.0, Some(100.0), None);
    "Tool with progress executed successfully"
}

/// Works for two steps, in which its client may lose the connection and come back for the answer.
#[plugin_tool(read_only)]
fn test_reconnection() -> &'static str {
    thread::sleep(2 * STEP);
    "Reconnection test completed successfully"
}

/// Waits until it is asked to end.
#[plugin_tool(read_only)]
async fn test_cancellation(ctx: &Context) -> Result<(), ToolError> {
    ctx.progress(0.0, None, Some("waiting"));
    ctx.until_cancelled(std::future::pending()).await
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, json};

    #[test]
    fn each_step_is_logged() {
        let host = Host::new();
        host.call("test_tool_with_logging", json!({})).unwrap();
        let lines: Vec<_> = host.logs().into_iter().map(|line| line.message).collect();
        assert_eq!(
            lines,
            [
                "Tool execution started",
                "Tool processing data",
                "Tool execution completed"
            ]
        );
    }

    #[test]
    fn progress_goes_from_nothing_to_all() {
        let host = Host::new();
        host.call("test_tool_with_progress", json!({})).unwrap();
        let done: Vec<_> = host.progress().iter().map(|step| step.done).collect();
        assert_eq!(done, [0.0, 50.0, 100.0]);
    }

    #[test]
    fn what_waits_ends_when_it_is_asked_to() {
        let host = Host::new();
        host.cancel();
        let error = host.call("test_cancellation", json!({})).unwrap_err();
        assert_eq!(error.code, "cancelled");
    }
}
