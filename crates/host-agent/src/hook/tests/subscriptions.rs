//! Who may be subscribed.

use super::*;

fn refusals(subscriptions: Vec<Subscription>) -> (HookTable, Vec<String>) {
    let (table, refused) = HookTable::new(subscriptions);
    (
        table,
        refused.iter().map(RefusedSubscription::to_string).collect(),
    )
}

#[test]
fn each_mode_takes_its_grant() {
    let see = "hook:before-tool-call";
    for (mode, grants, missing) in [
        (Mode::Observe, vec![], Some("`hook:before-tool-call`")),
        (Mode::Observe, vec![see], None),
        (
            Mode::Modify,
            vec![see],
            Some("`hook-modify:before-tool-call`"),
        ),
        (
            Mode::Modify,
            vec!["hook-modify:before-tool-call"],
            Some("`hook:before-tool-call`"),
        ),
        (
            Mode::Modify,
            vec![see, "hook-modify:before-tool-call"],
            None,
        ),
        (
            Mode::Gate,
            vec![see, "hook-modify:before-tool-call"],
            Some("`hook-gate:before-tool-call`"),
        ),
        (Mode::Gate, vec![see, "hook-gate:before-tool-call"], None),
        (
            Mode::Observe,
            vec!["hook:after-tool-call"],
            Some("`hook:before-tool-call`"),
        ),
    ] {
        let (_, refused) = refusals(vec![plugin("h", mode, &grants, proceeds())]);
        match missing {
            Some(missing) => assert!(refused[0].contains(missing), "{refused:?}"),
            None => assert!(refused.is_empty(), "{refused:?}"),
        }
    }
}

#[test]
fn a_plugin_of_which_no_grants_are_known_has_none() {
    let unknown = Subscription {
        permits: None,
        ..plugin("h", Mode::Observe, &["hook:before-tool-call"], proceeds())
    };
    let (table, refused) = refusals(vec![unknown]);
    assert!(
        refused[0].contains("`hook:before-tool-call`"),
        "{refused:?}"
    );
    assert!(!table.has(point("before-tool-call")));
}

#[test]
fn a_mode_that_a_point_does_not_take_is_refused() {
    let at = |point: &str, mode| Subscription {
        point: self::point(point),
        ..native("h", mode, proceeds())
    };
    let (table, refused) = refusals(vec![
        at("message-sent", Mode::Modify),
        at("heartbeat", Mode::Gate),
        at("gateway-start", Mode::Modify),
        at("gateway-start", Mode::Gate),
    ]);
    assert_eq!(refused.len(), 3);
    assert!(
        refused.iter().all(|why| why.contains("observe")),
        "{refused:?}"
    );
    assert!(table.has(point("gateway-start")));
}

#[test]
fn of_two_with_one_name_the_first_in_order_stays_however_they_are_registered() {
    let with = |priority| Subscription {
        priority,
        ..native("h", Mode::Gate, proceeds())
    };
    for pair in [[with(1), with(2)], [with(2), with(1)]] {
        let (table, refused) = refusals(pair.into());
        assert!(refused[0].contains("two hooks of that name"), "{refused:?}");
        let index = table::index_of(point("before-tool-call")).unwrap();
        assert_eq!(table.line(index).chain[0].subscription.priority, 1);
        assert_eq!(table.line(index).chain.len(), 1);
    }
    // The same name is no matter at another point, or with another author.
    let elsewhere = Subscription {
        point: point("message-sent"),
        ..native("h", Mode::Observe, proceeds())
    };
    let of_plugin = plugin("h", Mode::Observe, &["hook:before-tool-call"], proceeds());
    table(vec![with(1), elsewhere, of_plugin]);
}

#[test]
fn a_point_that_is_not_published_is_refused() {
    static POINT: Point = Point {
        name: "before-tool-call",
        description: "",
        content: &[],
        changes: &[],
        cancel: None,
        schema: || json!({}),
    };
    let (_, refused) = refusals(vec![Subscription {
        point: &POINT,
        ..native("h", Mode::Observe, proceeds())
    }]);
    assert!(refused[0].contains("there is no point"), "{refused:?}");
}

#[test]
fn a_refusal_shows_what_is_hidden_in_a_name() {
    let (_, refused) = refusals(vec![plugin("a\u{202e}\n", Mode::Observe, &[], proceeds())]);
    assert!(refused[0].contains(r"a\u{202e}\n"), "{refused:?}");
}

#[tokio::test]
async fn a_grant_that_is_taken_back_counts_from_the_next_event_on() {
    struct UntilThen(std::sync::atomic::AtomicBool);
    impl Permits for UntilThen {
        fn permits(&self, _: &Capability) -> bool {
            self.0.load(Ordering::Relaxed)
        }
    }
    let permits = Arc::new(UntilThen(true.into()));
    let of_mode = |mode, handler| Subscription {
        permits: Some(permits.clone()),
        ..plugin("h", mode, &[], handler)
    };
    let (gates, runner) = (table(vec![of_mode(Mode::Gate, proceeds())]), runner());
    let modifiers = table(vec![of_mode(Mode::Modify, proceeds())]);
    assert!(runner.run(&gates, call).await.cancelled.is_none());
    permits.0.store(false, Ordering::Relaxed);
    assert_eq!(runner.run(&modifiers, call).await, Passed::default());
    // Who may not judge any more lets nothing pass either.
    let stopped = runner.run(&gates, call).await.cancelled.unwrap();
    assert!(stopped.reason.contains("taken back"), "{stopped}");
}
