//! Guests that do what they must not. For each: the right error, the host usable afterwards, no instance leaked, and a
//! neighbour's calls right meanwhile.

use std::time::Duration;

use portcullis_host_core::{
    CallLimits, CallOptions, Cancellation, Error, ErrorKind, Host, Limits, Plugin, Trap,
};
use portcullis_test_artifacts::{HOSTILE_CALLS, HOSTILE_MEMORIES, HOSTILE_OUTPUT, WELL_TOOLS};
use serde_json::{Value, json};

use crate::support::*;

/// Short, because a hostile guest uses all of it.
const DEADLINE: Duration = Duration::from_millis(300);

/// A host with a small memory for each call, so that filling it is quick.
fn strict() -> Host {
    let mut limits = Limits::default();
    limits.call.memory_bytes = 32 << 20;
    builder().limits(limits).build().unwrap()
}

/// Calls a hostile tool beside a neighbour, and checks that both and the host are well afterwards.
async fn attack(guest: &str, tool: &str, arguments: Value) -> Error {
    attack_with(
        guest,
        tool,
        arguments,
        options(|options| options.timeout = Some(DEADLINE)),
    )
    .await
}

async fn attack_with(guest: &str, tool: &str, arguments: Value, options: CallOptions) -> Error {
    let host = strict();
    let (hostile, neighbour) = (load(&host, guest).await, load(&host, WELL_TOOLS).await);
    let (error, ()) = tokio::join!(
        fail_with(&hostile, tool, arguments, options),
        greet_often(&neighbour)
    );
    let stats = host.stats();
    assert_eq!(
        (stats.live_instances, stats.calls_in_flight),
        (0, 0),
        "after {error}"
    );
    assert_eq!(
        ask(&neighbour, "add-up", json!({"a": 20, "b": 22})).await,
        42
    );
    if hostile.tool("keep_state").is_some() {
        assert_eq!(
            ask(&hostile, "keep_state", json!({"text": "still here"})).await,
            json!(["still here"])
        );
    }
    error
}

async fn greet_often(neighbour: &Plugin) {
    for n in 0..20 {
        assert_eq!(
            ask(neighbour, "add-up", json!({"a": n, "b": 1})).await,
            n + 1
        );
        tokio::task::yield_now().await;
    }
}

fn trap(error: Error) -> Trap {
    match error {
        Error::Trapped(trap) => *trap,
        other => panic!("not a trap: {other:?}"),
    }
}

fn limit(error: &Error) -> &'static str {
    match error {
        Error::LimitExceeded { limit, .. } => limit,
        other => panic!("not a limit: {other:?}"),
    }
}

on_both_runtimes! {
    async fn an_endless_loop_ends_at_its_deadline() {
        let error = attack(HOSTILE_CALLS, "spin", json!({})).await;
        assert!(matches!(error, Error::DeadlineExceeded { after: DEADLINE }), "{error}");
    }

    async fn endless_recursion_exhausts_the_stack() {
        let trap = trap(attack(HOSTILE_CALLS, "recurse", json!({})).await);
        assert!(trap.reason.contains("stack exhausted"), "{trap:?}");
        assert!(!trap.backtrace.is_empty());
    }

    async fn endless_allocation_exceeds_its_memory() {
        let long = options(|options| options.timeout = Some(Duration::from_secs(30)));
        let error = attack_with(HOSTILE_CALLS, "allocate", json!({}), long).await;
        assert!(matches!(error, Error::MemoryExceeded { limit: 33_554_432 }), "{error}");
    }

    async fn memory_is_counted_over_all_memories() {
        let long = || options(|options| options.timeout = Some(Duration::from_secs(30)));
        let arguments = json!({});
        let host = strict();
        let plugin = load(&host, HOSTILE_MEMORIES).await;
        let tool = plugin.tools()[0].name.clone();
        let error = attack_with(HOSTILE_MEMORIES, &tool, arguments, long()).await;
        assert_eq!(error.kind(), ErrorKind::MemoryExceeded, "{error}");
    }

    async fn a_hundred_megabytes_of_output_are_too_large() {
        let host = builder().build().unwrap();
        let plugin = load(&host, HOSTILE_CALLS).await;
        let long = || options(|options| options.timeout = Some(Duration::from_secs(30)));
        let error = fail_with(&plugin, "huge_output", json!({}), long()).await;
        assert!(matches!(error, Error::OutputTooLarge { limit: 1_048_576 }), "{error}");
        let error = fail_with(&plugin, "huge_output", json!({"bytes": 1 << 20}), long()).await;
        assert_eq!(error.kind(), ErrorKind::OutputTooLarge);
        assert_eq!(host.stats().live_instances, 0);
        plugin.call("huge_output", json!({"bytes": (1 << 20) - 64}), long()).await.unwrap();
    }

    async fn a_panic_tells_message_and_place() {
        let trap = trap(attack(HOSTILE_CALLS, "panic", json!({"message": "first line\nsecond line"})).await);
        let panic = trap.panic.unwrap();
        assert_eq!(panic.message, "first line\nsecond line");
        assert!(panic.place.unwrap().contains("hostile_calls.rs:"));
        assert!(trap.reason.contains("unreachable"), "{}", trap.reason);
    }

    async fn a_panic_is_found_under_noise() {
        let trap = trap(attack(HOSTILE_CALLS, "noisy_panic", json!({})).await);
        assert_eq!(trap.panic.unwrap().message, "found under 64 KiB of noise");
        assert!(trap.stderr.len() <= 4096);
    }

    async fn an_exit_ends_the_call_alone() {
        assert_eq!(trap(attack(HOSTILE_CALLS, "exit", json!({"code": 3})).await).exit, Some(1));
        assert_eq!(trap(attack(HOSTILE_CALLS, "exit", json!({"code": 0})).await).exit, Some(0));
        assert_eq!(trap(attack(HOSTILE_CALLS, "abort", json!({})).await).exit, None);
    }

    async fn a_wait_in_a_host_call_ends_at_the_deadline() {
        for tool in ["sleep", "wait", "hang"] {
            let error = attack(HOSTILE_CALLS, tool, json!({})).await;
            assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{tool}");
        }
    }

    async fn who_ignores_cancellation_is_ended_after_the_grace() {
        for tool in ["ignore_cancellation", "spin", "sleep"] {
            let cancel = Cancellation::new();
            cancel.cancel();
            let cancelled = options(|options| options.cancel = Some(cancel));
            assert!(matches!(attack_with(HOSTILE_CALLS, tool, json!({}), cancelled).await, Error::Cancelled), "{tool}");
        }
    }

    async fn a_task_that_outlives_its_call_holds_it_until_the_deadline() {
        let error = attack(HOSTILE_CALLS, "background", json!({})).await;
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    }

    async fn what_one_call_keeps_the_next_does_not_see() {
        let plugin = load(&host(), HOSTILE_CALLS).await;
        for text in ["one", "two"] {
            assert_eq!(ask(&plugin, "keep_state", json!({"text": text})).await, json!([text]));
        }
    }

    async fn handles_without_end_are_stopped() {
        let error = attack(HOSTILE_CALLS, "many_handles", json!({})).await;
        assert_eq!(limit(&error), "handles");
        let plugin = load(&strict(), HOSTILE_CALLS).await;
        assert_eq!(ask(&plugin, "some_handles", json!({"number": 100})).await, 100);
    }

    async fn host_calls_without_end_are_stopped() {
        let error = attack_with(HOSTILE_CALLS, "host_call_flood", json!({}), CallOptions::default()).await;
        assert_eq!(limit(&error), "host calls");
    }
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_counted_and_stopped() {
    let (host, lines) = listening();
    let plugin = load(&host, HOSTILE_CALLS).await;
    let error = fail(&plugin, "log_flood", json!({})).await;
    assert_eq!(limit(&error), "host calls");
    let messages = lines.messages();
    let allowed = CallLimits::default().log_lines as usize;
    assert_eq!(messages.len(), allowed + 1);
    assert!(
        messages[allowed].contains("log lines beyond the limit"),
        "{}",
        messages[allowed]
    );
}

#[tokio::test]
async fn a_flood_of_log_bytes_is_cut() {
    let (host, lines) = listening();
    let plugin = load(&host, HOSTILE_CALLS).await;
    let (length, fit) = (60_000, CallLimits::default().log_bytes / 60_000);
    ask(
        &plugin,
        "log_lines",
        json!({"lines": fit + 3, "length": length}),
    )
    .await;
    assert_eq!(lines.all().len() as u64, fit + 1);
    assert!(lines.messages().last().unwrap().starts_with("dropped"));
}

#[tokio::test]
async fn a_flood_on_standard_output_is_cut_and_ends() {
    let (host, lines) = listening();
    let plugin = load(&host, HOSTILE_CALLS).await;
    let short = options(|options| options.timeout = Some(DEADLINE));
    let error = fail_with(&plugin, "stdout_flood", json!({}), short).await;
    assert!(
        matches!(
            error.kind(),
            ErrorKind::DeadlineExceeded | ErrorKind::LimitExceeded
        ),
        "{error}"
    );
    let bytes: usize = lines.messages().iter().map(String::len).sum();
    assert!(
        bytes as u64 <= CallLimits::default().stdio_bytes + 1000,
        "{bytes}"
    );
    assert!(
        lines
            .messages()
            .last()
            .unwrap()
            .contains("beyond the limit")
    );
}

#[tokio::test]
async fn a_flood_of_progress_is_folded_and_ends() {
    let plugin = load(&host(), HOSTILE_CALLS).await;
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&seen);
    let watched = options(|options| {
        options.on_progress = Some(std::sync::Arc::new(move |_| {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }));
    });
    let error = fail_with(&plugin, "progress_flood", json!({}), watched).await;
    assert_eq!(limit(&error), "host calls");
    let seen = seen.load(std::sync::atomic::Ordering::Relaxed);
    assert!(seen > 0 && seen <= CallLimits::default().progress_reports);
}

#[tokio::test]
async fn answers_that_break_the_contract_are_told_so() {
    let host = host();
    let plugin = load(&host, HOSTILE_OUTPUT).await;
    for (tool, needle) in [
        ("not_json", "no JSON"),
        ("misfit", "does not fit"),
        ("missing", "gives none"),
        ("deep", "no JSON"),
    ] {
        let error = fail(&plugin, tool, json!({})).await;
        assert_eq!(error.kind(), ErrorKind::BrokenContract, "{tool}: {error}");
        assert!(error.to_string().contains(needle), "{tool}: {error}");
    }
    assert_eq!(
        fail(&plugin, "many_parts", json!({})).await.kind(),
        ErrorKind::OutputTooLarge
    );
    assert_eq!(
        fail(&plugin, "huge_error", json!({})).await.kind(),
        ErrorKind::OutputTooLarge
    );
    assert_eq!(host.stats().live_instances, 0);
}
