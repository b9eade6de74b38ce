//! Who fails too often in a row is left alone for a while, visibly.

use std::sync::atomic::AtomicBool;

use super::*;

/// Errs as long as it is told to.
fn errs_while(broken: &Arc<AtomicBool>) -> Arc<dyn HookHandler> {
    let broken = broken.clone();
    handler(move |_| {
        let broken = broken.load(Ordering::Relaxed);
        async move {
            match broken {
                true => Err(HookError {
                    code: "broken".to_owned(),
                    message: "no".to_owned(),
                }),
                false => Ok(HookOutcome::default()),
            }
        }
    })
}

async fn fail(runner: &HookRunner, table: &Arc<HookTable>) {
    for _ in 0..BREAKER_FAILURES {
        runner.run(table, call).await;
        runner.drain().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_gate_cancels_without_being_asked() {
    let (table, runner) = (table(vec![native("g", Mode::Gate, errs())]), runner());
    fail(&runner, &table).await;
    let reason = runner.run(&table, call).await.cancelled.unwrap().reason;
    assert!(reason.contains("the next trial is in 30 s"), "{reason}");
    let status = &runner.status()[0];
    assert_eq!(status.calls, u64::from(BREAKER_FAILURES));
    assert_eq!(status.skipped, 1);
    assert_eq!(status.open_for, Some(BREAKER_PAUSE));
    assert!(status.last_error.as_ref().unwrap().contains("trapped"));
}

#[tokio::test(start_paused = true)]
async fn open_handlers_that_modify_or_observe_are_passed_by() {
    let after = counter();
    for mode in [Mode::Modify, Mode::Observe] {
        let works = native("works", Mode::Modify, counts(&after));
        let (table, runner) = (table(vec![native("h", mode, errs()), works]), runner());
        fail(&runner, &table).await;
        assert_eq!(runner.run(&table, call).await, Passed::default());
        runner.drain().await;
        assert_eq!(runner.status()[0].skipped, 1);
    }
    assert_eq!(seen(&after), 2 * (BREAKER_FAILURES as usize + 1));
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_trial_settles_it() {
    let broken = Arc::new(AtomicBool::new(true));
    let (table, runner) = (
        table(vec![native("g", Mode::Gate, errs_while(&broken))]),
        runner(),
    );
    fail(&runner, &table).await;
    tokio::time::advance(BREAKER_PAUSE).await;
    assert!(runner.run(&table, call).await.cancelled.is_some());
    // The trial failed, so it is open again.
    assert_eq!(runner.status()[0].calls, u64::from(BREAKER_FAILURES) + 1);
    assert!(runner.run(&table, call).await.cancelled.is_some());
    assert_eq!(runner.status()[0].calls, u64::from(BREAKER_FAILURES) + 1);
    broken.store(false, Ordering::Relaxed);
    tokio::time::advance(BREAKER_PAUSE).await;
    assert_eq!(runner.run(&table, call).await.cancelled, None);
    assert_eq!(runner.status()[0].open_for, None);
}

#[tokio::test(start_paused = true)]
async fn answers_that_do_not_count_are_failures_too() {
    let breaks = edits(|payload| payload["tool"] = json!("other/tool"));
    let (table, runner) = (table(vec![native("m", Mode::Modify, breaks)]), runner());
    fail(&runner, &table).await;
    assert!(runner.status()[0].open_for.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_reload_closes_no_breaker() {
    let gate = || table(vec![native("g", Mode::Gate, errs())]);
    let runner = runner();
    fail(&runner, &gate()).await;
    let reloaded = gate();
    runner.forget_others(&reloaded);
    runner.run(&reloaded, call).await;
    assert_eq!(runner.status()[0].calls, u64::from(BREAKER_FAILURES));
}

#[tokio::test]
async fn handlers_that_are_gone_are_forgotten() {
    let runner = runner();
    runner
        .run(&table(vec![native("g", Mode::Gate, proceeds())]), call)
        .await;
    assert_eq!(runner.status().len(), 1);
    runner.forget_others(&HookTable::default());
    assert_eq!(runner.status(), []);
}
