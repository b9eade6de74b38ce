//! Gates stop things, and fail closed.

use std::time::Duration;

use super::*;

async fn stops_and_says_why_to_the_operator_alone(gate: Subscription, says: &str) {
    let (table, runner) = (table(vec![gate]), runner());
    let reason = runner.run(&table, call).await.cancelled.unwrap().reason;
    assert_eq!(
        reason,
        "stopped because this gate gave no judgement: its new payload can't be taken"
    );
    let error = runner.status()[0].last_error.clone().unwrap();
    assert!(error.contains(says), "{error}");
}

async fn one(gate: Arc<dyn HookHandler>) -> Cancelled {
    let table = table(vec![native("guard", Mode::Gate, gate)]);
    runner().run(&table, call).await.cancelled.unwrap()
}

#[tokio::test]
async fn a_gate_cancels_with_its_reason() {
    let cancelled = one(cancels("not on my watch")).await;
    let expected = Cancelled {
        by: Author::Native,
        hook: "guard".to_owned(),
        reason: "not on my watch".to_owned(),
    };
    assert_eq!(cancelled, expected);
}

#[tokio::test]
async fn a_gate_that_proceeds_changes_nothing() {
    let table = table(vec![native("guard", Mode::Gate, proceeds())]);
    assert_eq!(runner().run(&table, call).await, Passed::default());
}

#[tokio::test]
async fn a_reason_is_shown_in_one_short_line() {
    let long = format!("\u{1b}[2J approved\n{}", "\u{200b}".repeat(100_000));
    let reason = one(cancels(&long)).await.reason;
    assert!(
        reason.starts_with(r"\u{1b}[2J approved\n\u{200b}"),
        "{reason}"
    );
    assert!(reason.ends_with('…') && reason.len() < SHOWN_CHARS * 10);
    assert_eq!(one(cancels(" \n")).await.reason, "no reason was given");
}

#[tokio::test]
async fn a_gate_that_errs_is_a_cancellation() {
    let reason = one(errs()).await.reason;
    assert!(reason.contains("gave no judgement"), "{reason}");
    assert!(
        reason.contains(r"trapped: unreachable \u{202e}executed"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_gate_that_panics_is_a_cancellation() {
    let reason = one(panics()).await.reason;
    assert!(reason.contains("it panicked: out of cheese"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_hangs_is_a_cancellation() {
    let before = tokio::time::Instant::now();
    let reason = one(hangs()).await.reason;
    assert!(reason.contains("did not answer within 50ms"), "{reason}");
    // The clock of tokio has a grain of a millisecond.
    assert!(before.elapsed() <= DEADLINE + Duration::from_millis(1));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_its_own_counts_instead() {
    let slow = handler(async |_| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(HookOutcome::default())
    });
    let gate = |deadline| Subscription {
        deadline: Some(deadline),
        ..native("guard", Mode::Gate, slow.clone())
    };
    for (deadline, stops) in [(900, true), (1100, false)] {
        let table = table(vec![gate(Duration::from_millis(deadline))]);
        assert_eq!(runner().run(&table, call).await.cancelled.is_some(), stops);
    }
}

#[tokio::test]
async fn a_gate_whose_payload_does_not_fit_is_a_cancellation() {
    for (gate, says) in [
        (
            edits(|payload| payload["session"] = json!(7)),
            "does not fit the schema: /session",
        ),
        (
            edits(|payload| *payload = json!("gone")),
            "a payload is a JSON object",
        ),
    ] {
        stops_and_says_why_to_the_operator_alone(native("guard", Mode::Gate, gate), says).await;
    }
}

#[tokio::test]
async fn the_first_cancellation_is_the_last_question() {
    let (before, after) = (counter(), counter());
    let at = |priority, subscription| Subscription {
        priority,
        ..subscription
    };
    let table = table(vec![
        at(1, native("before", Mode::Gate, counts(&before))),
        at(2, native("guard", Mode::Gate, cancels("no"))),
        at(3, native("after", Mode::Gate, counts(&after))),
        at(4, native("also after", Mode::Gate, counts(&after))),
    ]);
    assert_eq!(
        runner().run(&table, call).await.cancelled.unwrap().hook,
        "guard"
    );
    assert_eq!((seen(&before), seen(&after)), (1, 0));
}

#[tokio::test]
async fn what_was_changed_before_a_cancellation_is_gone() {
    let table = table(vec![
        native(
            "a",
            Mode::Modify,
            edits(|payload| payload["arguments"] = json!({})),
        ),
        native("b", Mode::Gate, cancels("no")),
    ]);
    let passed = runner().run(&table, call).await;
    assert!(passed.cancelled.is_some());
    assert_eq!(passed.changed, None);
}

#[tokio::test]
async fn a_gate_without_the_grant_to_modify_can_only_stop() {
    let grants = [
        "hook:before-tool-call",
        "hook-gate:before-tool-call",
        "hook-content:before-tool-call",
    ];
    let edit = edits(|payload| payload["arguments"] = json!({}));
    let gate = plugin("guard", Mode::Gate, &grants, edit);
    stops_and_says_why_to_the_operator_alone(gate, "`hook-modify:before-tool-call`").await;
}

#[tokio::test]
async fn a_typed_gate_judges_what_it_reads() {
    let no_shell = typed(async |call: BeforeToolCall| {
        Ok(match call.tool.as_str() {
            "native/shell" => Typed::Cancel("no shell here".to_owned()),
            _ => Typed::Proceed,
        })
    });
    assert_eq!(one(no_shell).await.reason, "no shell here");
    let of_another_point = typed(async |_: MessageSent| Ok(Typed::Proceed));
    let reason = one(of_another_point).await.reason;
    assert!(reason.contains("payload: missing field"), "{reason}");
}
