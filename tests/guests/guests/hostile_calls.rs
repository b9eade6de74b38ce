//! Ordinary tools, one for each way a call can go wrong.

use std::hint::{black_box, spin_loop};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::{config, log};
use wasip2::clocks::monotonic_clock::subscribe_duration;

#[path = "common/clock.rs"]
mod clock;

/// Loops for ever.
#[plugin_tool]
fn spin() {
    loop {
        spin_loop();
    }
}

/// Calls itself for ever, and needs no memory for it: ends where the engine's stack ends.
#[plugin_tool]
fn recurse() -> u64 {
    #[inline(never)]
    fn deeper(depth: u64) -> u64 {
        if depth == u64::MAX {
            return 0;
        }
        deeper(depth + 1).wrapping_mul(31) ^ depth
    }
    deeper(black_box(0))
}

/// Calls itself for ever with variables in memory: ends where the part of the memory ends that Rust keeps for them.
#[plugin_tool]
fn recurse_in_memory() -> u64 {
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 16]);
        if depth == u64::MAX {
            return 0;
        }
        deeper(depth + 1) + frame[0]
    }
    deeper(0)
}

/// Allocates without end, a mebibyte at a time.
#[plugin_tool]
fn allocate() {
    loop {
        std::mem::forget(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Allocates more than a 32-bit address space has, at once.
#[plugin_tool]
fn allocate_at_once() -> usize {
    black_box(vec![1_u8; isize::MAX as usize]).len()
}

/// Answers with a hundred megabytes of text, or as much as it is told.
#[plugin_tool]
fn huge_output(#[arg(default = 100_000_000)] bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Writes log lines for ever.
#[plugin_tool]
fn log_flood() {
    loop {
        log::info!("the same line again");
    }
}

/// Writes a given number of log lines, each of a given length, and then answers.
#[plugin_tool]
fn log_lines(lines: u32, length: usize) -> u32 {
    for _ in 0..lines {
        log::info!("{:x<length$}", "");
    }
    lines
}

/// Prints to standard output for ever.
#[plugin_tool]
fn stdout_flood() {
    let mut stdout = std::io::stdout();
    // A host that takes no more gives an error, which changes nothing.
    loop {
        let _ = stdout.write_all(&[b'x'; 4096]);
    }
}

/// Reports progress for ever.
#[plugin_tool]
fn progress_flood(ctx: &Context) {
    let mut done = 0.0;
    loop {
        ctx.progress(done, None, Some("still at it"));
        done += 1.0;
    }
}

/// Asks the host for its settings for ever.
#[plugin_tool]
fn host_call_flood() -> Result<(), ToolError> {
    loop {
        black_box(config::all::<serde_json::Value>()?);
    }
}

/// Panics with a message.
#[plugin_tool]
fn panic(#[arg(default = "as it was told".to_owned())] message: String) {
    panic!("{message}");
}

/// Prints 64 KiB to standard error and then panics.
#[plugin_tool]
fn noisy_panic() {
    // One piece: padding would be written letter by letter, and end at the limit of host calls.
    let line = "-".repeat(63);
    for _ in 0..1024 {
        eprintln!("{line}");
    }
    panic!("found under 64 KiB of noise");
}

/// Reads beyond the end of a list.
#[plugin_tool]
fn out_of_bounds(index: usize) -> u8 {
    [1, 2, 3][index]
}

/// Exits, as a program would.
#[plugin_tool]
fn exit(#[arg(default = 0)] code: i32) {
    std::process::exit(code);
}

/// Aborts without a word.
#[plugin_tool]
fn abort() {
    std::process::abort();
}

/// Waits in a host call, and blocks its instance meanwhile.
#[plugin_tool]
fn sleep(#[arg(default = 3_600_000)] ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Waits in an asynchronous host call.
#[plugin_tool]
async fn wait(#[arg(default = 3_600_000)] ms: u64) {
    clock::wait(ms).await;
}

/// Waits in a host call that never returns, unless the caller asks the call to end.
#[plugin_tool]
async fn hang(ctx: Context) {
    ctx.cancelled().await;
}

/// Is asked to end, knows it, and goes on for ever.
#[plugin_tool]
async fn ignore_cancellation(ctx: Context) {
    ctx.cancelled().await;
    loop {
        clock::wait(1).await;
    }
}

static BACKGROUND: AtomicU32 = AtomicU32::new(0);

/// Answers at once, and leaves a task behind that counts milliseconds for ever.
#[plugin_tool]
fn background() -> String {
    wit_bindgen::spawn_local(async {
        loop {
            clock::wait(1).await;
            BACKGROUND.fetch_add(1, Ordering::Relaxed);
        }
    });
    "answered".into()
}

/// Answers at once, and leaves a task behind that works for a given time.
#[plugin_tool]
fn background_for(ms: u64) -> String {
    wit_bindgen::spawn_local(async move {
        clock::wait(ms).await;
        BACKGROUND.fetch_add(1, Ordering::Relaxed);
    });
    "answered".into()
}

/// Says how far the tasks have come that earlier calls left behind.
#[plugin_tool]
fn background_count() -> u32 {
    BACKGROUND.load(Ordering::Relaxed)
}

static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps what it is told and answers with everything it was ever told: what another call said must not be seen.
#[plugin_tool]
fn keep_state(text: String) -> Vec<String> {
    let mut kept = KEPT.lock().expect("one call at a time");
    kept.push(text);
    kept.clone()
}

/// Opens handles of the host's without end and gives none back.
#[plugin_tool]
fn many_handles() {
    loop {
        std::mem::forget(subscribe_duration(u64::MAX));
    }
}

/// Opens a given number of handles, gives them back, and answers.
#[plugin_tool]
fn some_handles(number: usize) -> usize {
    (0..number)
        .map(|_| subscribe_duration(u64::MAX))
        .collect::<Vec<_>>()
        .len()
}
