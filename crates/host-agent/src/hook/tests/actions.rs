//! What handlers want done besides: granted one by one, or refused with a reason.

use super::*;
use crate::action::{ActionError, Intent, Refusal};

fn header(text: &str) -> Action {
    Action::SetUiHeader {
        text: text.to_owned(),
    }
}

fn model(model: &str) -> Action {
    Action::SwitchModel {
        model: model.to_owned(),
    }
}

/// A plugin's gate with these grants besides.
fn gate(name: &str, grants: &[&str], verdict: Verdict, actions: Vec<Action>) -> Subscription {
    let all = [
        &["hook:before-tool-call", "hook-gate:before-tool-call"],
        grants,
    ]
    .concat();
    plugin(name, Mode::Gate, &all, does(verdict, actions))
}

#[tokio::test]
async fn each_action_takes_its_own_grant() {
    let grants = ["action:switch-model:gpt-*", "action:set-ui-header"];
    let asked = vec![
        model("gpt-4o"),
        model("o1"),
        header("hi"),
        Action::StopAfterTurn { reason: None },
    ];
    let table = table(vec![gate("g", &grants, Verdict::Proceed, asked)]);
    let passed = runner().run(&table, call).await;
    let plugin = Author::Plugin(id("org.example.plugin"));
    let intent = |action| Intent {
        author: plugin.clone(),
        action,
    };
    assert_eq!(
        passed.intents,
        [intent(model("gpt-4o")), intent(header("hi"))]
    );
    let refused: Vec<_> = passed
        .refused
        .iter()
        .map(|refused| refused.refusal.to_string())
        .collect();
    assert_eq!(
        refused,
        [
            "not granted: it takes `action:switch-model:o1`",
            "not granted: it takes `action:stop-after-turn`"
        ]
    );
    assert_eq!(passed.refused[0].action, Some(model("o1")));
    // A refused action is no failure, and no gate that cancels.
    assert_eq!(passed.cancelled, None);
}

#[tokio::test]
async fn a_target_is_no_pattern() {
    let grants = ["action:switch-model:gpt-*"];
    let table = table(vec![gate(
        "g",
        &grants,
        Verdict::Proceed,
        vec![model("*"), model("gpt-*")],
    )]);
    let passed = runner().run(&table, call).await;
    assert_eq!((passed.intents.len(), passed.refused.len()), (0, 2));
}

#[tokio::test]
async fn an_action_that_can_not_be_read_is_refused_and_the_others_count() {
    let mixed = handler(async |_| {
        let unreadable = Action::from_wire("format-disk", "{}").map_err(Refusal::from);
        Ok(HookOutcome {
            verdict: Verdict::Proceed,
            actions: vec![unreadable, Ok(header("hi"))],
        })
    });
    let table = table(vec![native("g", Mode::Gate, mixed)]);
    let passed = runner().run(&table, call).await;
    assert_eq!(passed.intents.len(), 1);
    let unknown = ActionError::UnknownKind {
        kind: "format-disk".to_owned(),
    };
    assert_eq!(passed.refused[0].refusal, Refusal::Unreadable(unknown));
}

#[tokio::test]
async fn of_a_flood_of_actions_the_first_count() {
    let table = table(vec![native(
        "g",
        Mode::Gate,
        does(Verdict::Proceed, vec![header("hi"); 100_000]),
    )]);
    let passed = runner().run(&table, call).await;
    assert_eq!(passed.intents.len(), 32);
    assert_eq!(passed.refused.len(), 1);
}

#[tokio::test]
async fn an_answer_that_does_not_count_has_no_actions() {
    let asked = vec![header("hi")];
    let table = table(vec![native(
        "m",
        Mode::Modify,
        does(Verdict::Cancel("no".to_owned()), asked),
    )]);
    assert_eq!(runner().run(&table, call).await, Passed::default());
}

#[tokio::test]
async fn of_a_cancelled_event_only_who_cancelled_gets_its_actions() {
    let grants = ["action:set-ui-header"];
    let no = Verdict::Cancel("no".to_owned());
    let table = table(vec![
        gate("a", &grants, Verdict::Proceed, vec![header("before")]),
        gate("b", &grants, no, vec![header("stopped")]),
    ]);
    let passed = runner().run(&table, call).await;
    assert_eq!(passed.intents.len(), 1);
    assert_eq!(passed.intents[0].action, header("stopped"));
    assert_eq!(passed.refused.len(), 1);
    let why = passed.refused[0].refusal.to_string();
    assert_eq!(why, "its event was cancelled by org.example.plugin");
}
