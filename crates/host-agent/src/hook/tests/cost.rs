//! Nothing is made for nobody; what it takes is measured by the bench.

use super::*;

#[tokio::test]
async fn without_subscribers_no_payload_is_made() {
    let elsewhere = Subscription {
        point: point("message-sent"),
        ..native("o", Mode::Observe, proceeds())
    };
    let (runner, table) = (runner(), table(vec![elsewhere]));
    let passed = runner
        .run(&table, || -> BeforeToolCall { panic!("made for nobody") })
        .await;
    assert_eq!(passed, Passed::default());
    let raised = runner
        .raise(&table, point("heartbeat"), || panic!("made for nobody"))
        .await;
    assert_eq!(raised, Raised::default());
    assert_eq!(runner.status(), []);
}

#[tokio::test]
async fn content_is_taken_out_once_for_all_who_do_not_see_it() {
    use std::sync::Mutex;
    let seen: Arc<Mutex<Vec<Arc<Value>>>> = Arc::default();
    let observer = |name| {
        let seen = seen.clone();
        let notes = handler(move |event: HookEvent| {
            seen.lock().unwrap().push(event.payload);
            async { Ok(HookOutcome::default()) }
        });
        plugin(name, Mode::Observe, &["hook:before-tool-call"], notes)
    };
    let (runner, table) = (runner(), table(vec![observer("a"), observer("b")]));
    runner.run(&table, call).await;
    runner.drain().await;
    let seen = seen.lock().unwrap();
    assert!(Arc::ptr_eq(&seen[0], &seen[1]));
}
