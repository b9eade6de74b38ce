//! Observers are told, and hold nobody up.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;

fn observes(name: &str, handler: Arc<dyn HookHandler>) -> Subscription {
    native(name, Mode::Observe, handler)
}

/// Notes what it sees.
fn notes(seen: &Arc<Mutex<Vec<Value>>>) -> Arc<dyn HookHandler> {
    let seen = seen.clone();
    handler(move |event: HookEvent| {
        seen.lock().unwrap().push((*event.payload).clone());
        async { Ok(HookOutcome::default()) }
    })
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_one_that_hangs_slows_nobody() {
    let count = counter();
    let mut subscriptions: Vec<_> = (0..99)
        .map(|at| observes(&format!("o{at}"), counts(&count)))
        .collect();
    subscriptions.push(observes("hangs", hangs()));
    let (table, runner) = (table(subscriptions), runner());
    let before = tokio::time::Instant::now();
    for _ in 0..10 {
        runner.run(&table, call).await;
    }
    settle().await;
    // The clock stands still until somebody has nothing to do but wait.
    assert_eq!(seen(&count), 990);
    assert_eq!(before.elapsed(), Duration::ZERO);
    runner.drain().await;
    let status = runner.status();
    let hung = status.iter().find(|status| status.name == "hangs").unwrap();
    assert_eq!(hung.failures, u64::from(BREAKER_FAILURES));
    assert_eq!(hung.skipped, 10 - hung.failures);
    assert!(
        status
            .iter()
            .all(|other| other.failures == 0 || other.name == "hangs")
    );
}

#[tokio::test]
async fn they_see_what_finally_happens_in_order() {
    let noted = Arc::default();
    let last = Subscription {
        priority: i32::MAX,
        ..native(
            "m",
            Mode::Modify,
            edits(|payload| payload["arguments"] = json!({"command": "pwd"})),
        )
    };
    let (table, runner) = (table(vec![observes("o", notes(&noted)), last]), runner());
    for turn in 1..=100 {
        runner
            .run(&table, || BeforeToolCall { turn, ..call() })
            .await;
    }
    runner.drain().await;
    let noted = noted.lock().unwrap();
    let turns: Vec<_> = noted
        .iter()
        .map(|payload| payload["turn"].clone())
        .collect();
    assert_eq!(turns, (1..=100).map(Value::from).collect::<Vec<_>>());
    assert!(
        noted
            .iter()
            .all(|payload| payload["arguments"]["command"] == "pwd")
    );
}

#[tokio::test]
async fn what_is_cancelled_they_are_not_told() {
    let count = counter();
    let (table, runner) = (
        table(vec![
            observes("o", counts(&count)),
            native("g", Mode::Gate, cancels("no")),
        ]),
        runner(),
    );
    runner.run(&table, call).await;
    runner.drain().await;
    assert_eq!(seen(&count), 0);
}

#[tokio::test]
async fn without_the_grant_for_content_they_see_metadata() {
    let noted = Arc::default();
    let observer = plugin(
        "o",
        Mode::Observe,
        &["hook:before-tool-call"],
        notes(&noted),
    );
    let (table, runner) = (table(vec![observer]), runner());
    runner.run(&table, call).await;
    runner.drain().await;
    let expected = json!({"session": "s", "turn": 1, "call_id": "c", "tool": "native/shell"});
    assert_eq!(*noted.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn a_full_queue_drops_events_and_counts_them() {
    let gate = Arc::new(Semaphore::new(0));
    let (count, slow) = (counter(), gate.clone());
    let told = count.clone();
    let waits = handler(move |_| {
        let (slow, told) = (slow.clone(), told.clone());
        async move {
            slow.acquire().await.unwrap().forget();
            told.fetch_add(1, Ordering::Relaxed);
            Ok(HookOutcome::default())
        }
    });
    let runner = HookRunner::new(HookOptions {
        observer_queue: 3,
        deadline: Duration::from_secs(3600),
        ..HookOptions::default()
    });
    let table = table(vec![observes("o", waits)]);
    runner.run(&table, call).await;
    settle().await;
    for _ in 0..10 {
        runner.run(&table, call).await;
    }
    let status = &runner.status()[0];
    assert_eq!((status.queued, status.dropped), (3, 7));
    gate.add_permits(100);
    runner.drain().await;
    assert_eq!(seen(&count), 4);
    runner.run(&table, call).await;
    runner.drain().await;
    assert_eq!(seen(&count), 5);
}

#[tokio::test]
async fn one_that_panics_or_errs_goes_on_seeing_events_and_so_do_the_others() {
    let count = counter();
    let (table, runner) = (
        table(vec![
            observes("errs", errs()),
            observes("panics", panics()),
            observes("works", counts(&count)),
        ]),
        runner(),
    );
    for _ in 0..3 {
        runner.run(&table, call).await;
        runner.drain().await;
    }
    let failures: Vec<_> = runner
        .status()
        .iter()
        .map(|status| (status.calls, status.failures))
        .collect();
    assert_eq!(failures, [(3, 3), (3, 3), (3, 0)]);
    assert_eq!(seen(&count), 3);
}

#[tokio::test]
async fn they_may_neither_change_nor_stop_anything() {
    for (judges, error) in [
        (
            edits(|_| {}),
            "it gave a new payload, which a handler in observe mode may not",
        ),
        (
            cancels("no"),
            "it cancelled, which a handler in observe mode may not",
        ),
    ] {
        let (table, runner) = (table(vec![observes("o", judges)]), runner());
        assert_eq!(runner.run(&table, call).await, Passed::default());
        runner.drain().await;
        assert_eq!(runner.status()[0].last_error.as_deref(), Some(error));
    }
}

#[tokio::test]
async fn their_intents_wait_for_the_agent_by_session() {
    let status = Action::SetUiStatus {
        text: "on".to_owned(),
    };
    let grants = ["hook:before-tool-call", "action:set-ui-status"];
    let asks = does(
        Verdict::Proceed,
        vec![
            status.clone(),
            Action::SetUiHeader {
                text: "no".to_owned(),
            },
        ],
    );
    let (table, runner) = (
        table(vec![plugin("o", Mode::Observe, &grants, asks)]),
        runner(),
    );
    for session in ["one", "two", "one"] {
        let session = session.to_owned();
        runner
            .run(&table, || BeforeToolCall { session, ..call() })
            .await;
    }
    runner.drain().await;
    assert_eq!(runner.take_intents(None), []);
    let taken = runner.take_intents(Some("one"));
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|intent| intent.action == status));
    assert_eq!(runner.take_intents(Some("one")), []);
    assert_eq!(runner.take_intents(Some("two")).len(), 1);
}

#[tokio::test]
async fn intents_that_nobody_takes_make_room_for_later_ones() {
    let asks = does(
        Verdict::Proceed,
        vec![Action::StopAfterTurn { reason: None }; 32],
    );
    let (table, runner) = (table(vec![observes("o", asks)]), runner());
    for session in 0..40 {
        let session = session.to_string();
        runner
            .run(&table, || BeforeToolCall { session, ..call() })
            .await;
    }
    runner.drain().await;
    assert_eq!(runner.take_intents(Some("0")), []);
    assert_eq!(runner.take_intents(Some("39")).len(), 32);
}

#[tokio::test]
async fn with_the_runner_they_end() {
    let held = Arc::new(());
    let holds = held.clone();
    let hangs = handler(move |_| {
        let holds = holds.clone();
        async move {
            let _holds = holds;
            std::future::pending().await
        }
    });
    let (table, runner) = (table(vec![observes("o", hangs)]), runner());
    runner.run(&table, call).await;
    runner.run(&table, call).await;
    settle().await;
    assert_eq!(Arc::strong_count(&held), 3);
    drop(runner);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 2);
}

#[test]
fn an_observer_survives_the_runtime_in_which_it_was_told() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    };
    let count = counter();
    let (table, runner) = (table(vec![observes("o", counts(&count))]), runner());
    // It is told soon, and this runtime ends sooner.
    runtime().block_on(async { runner.run(&table, call).await });
    assert_eq!(runner.status()[0].dropped, 1);
    runtime().block_on(async {
        runner.drain().await;
        runner.run(&table, call).await;
        runner.drain().await;
    });
    assert_eq!(seen(&count), 1);
}
