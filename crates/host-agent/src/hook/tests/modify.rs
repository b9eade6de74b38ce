//! Handlers that modify, one after another.

use super::*;

fn appends(word: &'static str) -> Arc<dyn HookHandler> {
    typed(move |mut call: BeforeToolCall| async move {
        let command = format!("{} {word}", call.arguments["command"].as_str().unwrap());
        call.arguments["command"] = command.into();
        Ok(Typed::Replace(call))
    })
}

fn at(priority: i32, name: &str, mode: Mode, handler: Arc<dyn HookHandler>) -> Subscription {
    Subscription {
        priority,
        ..native(name, mode, handler)
    }
}

#[tokio::test]
async fn each_sees_what_the_one_before_left_and_a_gate_what_all_modifiers_left() {
    let table = table(vec![
        at(1, "a", Mode::Modify, appends("-l")),
        at(2, "b", Mode::Gate, appends("-a")),
        at(3, "c", Mode::Modify, appends("/tmp")),
    ]);
    let changed = runner().run(&table, call).await.changed.unwrap();
    assert_eq!(changed.arguments, json!({"command": "ls -l /tmp -a"}));
    assert_eq!(changed.session, "s");
}

#[tokio::test]
async fn a_payload_that_is_the_same_is_no_change() {
    let table = table(vec![at(1, "a", Mode::Modify, edits(|_| {}))]);
    assert_eq!(runner().run(&table, call).await, Passed::default());
}

#[tokio::test(start_paused = true)]
async fn who_fails_has_changed_nothing_and_the_next_is_asked() {
    let breaks = edits(|payload| payload["arguments"] = json!({"command": "rm"}));
    let misfit = edits(|payload| payload["turn"] = json!("one"));
    let cases = [errs(), panics(), hangs(), misfit, cancels("no")];
    for (at_case, fails) in cases.into_iter().enumerate() {
        let (table, runner) = (
            table(vec![
                at(1, "fails", Mode::Modify, fails),
                at(2, "next", Mode::Modify, breaks.clone()),
            ]),
            runner(),
        );
        let passed = runner.run(&table, call).await;
        assert_eq!(passed.cancelled, None, "{at_case}");
        assert_eq!(passed.changed.unwrap().arguments, json!({"command": "rm"}));
        let status = &runner.status()[0];
        assert_eq!((status.calls, status.failures), (1, 1), "{status:?}");
    }
}

#[tokio::test]
async fn who_modifies_may_not_cancel() {
    let (table, runner) = (
        table(vec![at(1, "a", Mode::Modify, cancels("no"))]),
        runner(),
    );
    assert_eq!(runner.run(&table, call).await, Passed::default());
    let error = runner.status()[0].last_error.clone().unwrap();
    assert_eq!(
        error,
        "it cancelled, which a handler in modify mode may not"
    );
}

#[tokio::test]
async fn dropping_the_wait_ends_the_handler_and_asks_nobody_else() {
    let (after, observed) = (counter(), counter());
    let dropped = Arc::new(());
    let held = dropped.clone();
    let waits = handler(move |_| {
        let held = held.clone();
        async move {
            let _held = held;
            std::future::pending().await
        }
    });
    let (table, runner) = (
        table(vec![
            at(1, "changes", Mode::Modify, appends("-l")),
            at(2, "waits", Mode::Modify, waits),
            at(3, "after", Mode::Modify, counts(&after)),
            at(4, "observes", Mode::Observe, counts(&observed)),
        ]),
        runner(),
    );
    let mut run = Box::pin(runner.run(&table, call));
    assert!(futures::poll!(&mut run).is_pending());
    assert_eq!(Arc::strong_count(&dropped), 3);
    drop(run);
    assert_eq!(Arc::strong_count(&dropped), 2);
    settle().await;
    assert_eq!((seen(&after), seen(&observed)), (0, 0));
    let failures: u64 = runner.status().iter().map(|status| status.failures).sum();
    assert_eq!(failures, 0);
}

#[tokio::test]
async fn dropping_it_anywhere_leaves_nothing_half_done() {
    let waits = handler(async |_| {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        Ok(HookOutcome::default())
    });
    let observed = counter();
    let (table, runner) = (
        table(vec![
            at(1, "a", Mode::Modify, waits.clone()),
            at(2, "b", Mode::Gate, waits.clone()),
            at(3, "c", Mode::Modify, waits),
            at(4, "o", Mode::Observe, counts(&observed)),
        ]),
        runner(),
    );
    let mut polls = 0;
    loop {
        let mut run = Box::pin(runner.run(&table, call));
        let mut done = false;
        for _ in 0..polls {
            done = futures::poll!(&mut run).is_ready();
        }
        drop(run);
        settle().await;
        assert_eq!(seen(&observed), usize::from(done), "after {polls} polls");
        if done {
            break;
        }
        polls += 1;
    }
    assert_eq!(polls, 7);
    assert!(runner.status().iter().all(|status| status.failures == 0));
}

#[tokio::test]
async fn an_event_without_a_type_goes_the_same_way() {
    let table = table(vec![at(1, "a", Mode::Modify, appends("-l"))]);
    let payload = || serde_json::to_value(call()).unwrap();
    let raised = runner()
        .raise(&table, point("before-tool-call"), payload)
        .await;
    assert_eq!(
        raised.changed.unwrap()["arguments"],
        json!({"command": "ls -l"})
    );
}
