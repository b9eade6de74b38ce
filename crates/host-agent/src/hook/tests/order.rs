//! In which order handlers are asked.

use std::sync::Mutex;

use super::*;

type Asked = Arc<Mutex<Vec<String>>>;

fn notes(asked: &Asked, what: &str) -> Arc<dyn HookHandler> {
    let (asked, what) = (asked.clone(), what.to_owned());
    handler(move |_| {
        asked.lock().unwrap().push(what.clone());
        async { Ok(HookOutcome::default()) }
    })
}

/// Who is asked in which order, in that order, but that those that gate – every second one – come after those that modify.
fn all(asked: &Asked) -> Vec<Subscription> {
    use Phase::{Authorization, Policy, Telemetry, Validation};
    let (a, b) = (Some("org.example.a"), Some("org.example.b"));
    let all = [
        (Validation, 9, b, "x"),
        (Authorization, -1, b, "y"),
        (Authorization, 0, None, "y"),
        (Authorization, 0, None, "z"),
        (Authorization, 0, a, "w"),
        (Authorization, 0, a, "z"),
        (Authorization, 0, b, "a"),
        (Policy, i32::MIN, a, "x"),
        (Policy, i32::MAX, None, "x"),
        (Telemetry, -5, None, "w"),
    ];
    let subscription = |(at, (phase, priority, author, name)): (usize, (_, _, Option<&str>, _))| {
        let mode = [Mode::Modify, Mode::Gate][at % 2];
        let handler = notes(asked, &at.to_string());
        let grants = [
            "hook:before-tool-call",
            "hook-modify:before-tool-call",
            "hook-gate:before-tool-call",
        ];
        let subscription = match author {
            Some(author) => Subscription {
                author: Author::Plugin(id(author)),
                ..plugin(name, mode, &grants, handler)
            },
            None => native(name, mode, handler),
        };
        Subscription {
            phase,
            priority,
            ..subscription
        }
    };
    all.into_iter().enumerate().map(subscription).collect()
}

/// Another order every time, the same in every run of the test.
fn shuffle(items: &mut [Subscription], seed: &mut u64) {
    for at in (1..items.len()).rev() {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1);
        items.swap(at, (*seed >> 33) as usize % (at + 1));
    }
}

#[tokio::test]
async fn the_order_is_the_same_in_a_thousand_runs_and_reloads() {
    let (asked, runner, mut seed) = (Asked::default(), runner(), 1);
    for _ in 0..1000 {
        let mut subscriptions = all(&asked);
        shuffle(&mut subscriptions, &mut seed);
        runner.run(&table(subscriptions), call).await;
        let order = std::mem::take(&mut *asked.lock().unwrap());
        assert_eq!(order.join(" "), "0 2 4 6 8 1 3 5 7 9");
    }
}

#[tokio::test]
async fn an_event_is_the_same_for_all_and_no_other_is() {
    let ids = Asked::default();
    let notes_id = |name| {
        let ids = ids.clone();
        let handler = handler(move |event: HookEvent| {
            ids.lock().unwrap().push(event.id.to_string());
            async { Ok(HookOutcome::default()) }
        });
        native(name, Mode::Modify, handler)
    };
    let table = table(vec![notes_id("one"), notes_id("two")]);
    let (runner, other) = (runner(), runner());
    for runner in [&runner, &runner, &other] {
        runner.run(&table, call).await;
    }
    let mut ids = ids.lock().unwrap().clone();
    assert!(ids.chunks(2).all(|event| event[0] == event[1]), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
