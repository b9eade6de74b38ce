//! What the tests share: hosts with one compile cache, and two runtimes for everything.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use portcullis_host_core::{
    CallOptions, Error, Grant, Host, HostBuilder, LogLine, LogSink, Plugin,
};
use serde_json::{Value, json};

/// Runs a test on the current-thread and on the multi-thread runtime.
macro_rules! on_both_runtimes {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn test() $body

            #[tokio::test]
            async fn current_thread() {
                test().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn multi_thread() {
                tokio::spawn(test()).await.unwrap();
            }
        }
    )*};
}
pub(crate) use on_both_runtimes;

/// The folder in which all tests of a run keep compiled guests.
pub(crate) fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

pub(crate) fn builder() -> HostBuilder {
    Host::builder()
        .cache_dir(cache())
        .no_audit()
        .max_in_flight(16)
}

pub(crate) fn host() -> Host {
    builder().build().unwrap()
}

pub(crate) async fn load(host: &Host, path: &str) -> Plugin {
    host.load(path, Grant::none()).await.unwrap()
}

pub(crate) async fn load_error(path: &str) -> Error {
    host()
        .load(path, Grant::none())
        .await
        .expect_err("the load fails")
}

/// Calls a tool with no options and gives its structured answer.
pub(crate) async fn ask(plugin: &Plugin, tool: &str, arguments: Value) -> Value {
    let output = plugin
        .call(tool, arguments, CallOptions::default())
        .await
        .unwrap();
    let text = output.text();
    output.structured.unwrap_or_else(|| json!(text))
}

/// Calls a tool that fails.
pub(crate) async fn fail(plugin: &Plugin, tool: &str, arguments: Value) -> Error {
    fail_with(plugin, tool, arguments, CallOptions::default()).await
}

pub(crate) async fn fail_with(
    plugin: &Plugin,
    tool: &str,
    arguments: Value,
    options: CallOptions,
) -> Error {
    plugin
        .call(tool, arguments, options)
        .await
        .expect_err("the call fails")
}

/// Options that are changed in place.
pub(crate) fn options(change: impl FnOnce(&mut CallOptions)) -> CallOptions {
    let mut options = CallOptions::default();
    change(&mut options);
    options
}

/// A sink that keeps what it gets.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<LogLine>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<LogLine> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.all().into_iter().map(|line| line.message).collect()
    }
}

impl LogSink for Lines {
    fn log(&self, line: LogLine) {
        self.0.lock().unwrap().push(line);
    }
}

/// A host whose guests' words are kept.
pub(crate) fn listening() -> (Host, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    (builder().log_sink(lines.clone()).build().unwrap(), lines)
}
