//! What benchmarks call: a tool that parses a small object and answers a structured one, one that waits on the host, one
//! that only computes, and one that never ends.

use std::time::Duration;

use portcullis_guest_sdk::prelude::*;

/// A greeting, ready to be shown.
#[plugin_type]
struct Greeting {
    text: String,
    letters: usize,
    polite: bool,
}

/// Greets a person by name.
#[plugin_tool(read_only, idempotent)]
fn greet(
    /// Who to greet.
    name: String,
    /// How old they are.
    age: Option<u32>,
    /// Whether to shake hands.
    #[arg(default = true)]
    polite: bool,
) -> Greeting {
    let text = match age {
        Some(age) => format!("Hello, {name}, {age} years old!"),
        None => format!("Hello, {name}!"),
    };
    Greeting {
        letters: name.chars().count(),
        text,
        polite,
    }
}

/// Waits on the host's clock.
#[plugin_tool]
fn sleep(
    /// How long, in milliseconds.
    ms: u64,
) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Computes a Fibonacci number the slow way.
#[plugin_tool(read_only)]
fn fibonacci(n: u32) -> u64 {
    match n {
        0 | 1 => n.into(),
        _ => fibonacci(n - 1) + fibonacci(n - 2),
    }
}

/// Never ends.
#[plugin_tool]
fn spin() {
    loop {
        std::hint::spin_loop();
    }
}
