use std::collections::BTreeSet;

use portcullis_guest_sdk::prelude::{Action, Verdict};
use portcullis_guest_sdk::serde_json::{self, Value};
use portcullis_guest_sdk::testing::{self, Handled, Host, LlmReply, json};

fn received(text: &str) -> Handled {
    let message = json!({ "session": "s", "channel": "terminal", "sender": "ada", "text": text });
    Host::new().on_event("take_commands", message).unwrap()
}

fn start(text: &str, role: Option<&str>) -> Handled {
    let event = json!({ "session": "s", "role": role, "tools": [], "text": text });
    Host::new().on_event("choose_role", event).unwrap()
}

fn poster() -> Action {
    Action::SwitchRole {
        role: "org.portcullis.designer/poster".into(),
    }
}

#[test]
fn roles_name_tools_that_the_manifest_asks_for() {
    let manifest = include_str!("../plugin.toml");
    let roles = testing::roles();
    assert_eq!(roles.keys().collect::<Vec<_>>(), ["critic", "poster"]);
    for tool in roles.values().flat_map(|role| &role.tools) {
        let own = tool.strip_prefix("org.portcullis.designer/");
        let brought = own.is_some_and(|own| testing::tools().iter().any(|tool| tool.name == own));
        let known = brought
            || tool.starts_with("native/")
            || manifest.contains(&format!("invoke:{tool}\""));
        assert!(known, "{tool}");
    }
}

#[test]
fn commands_are_carried_out_and_the_rest_is_said() {
    let handled = received("/role poster\nDesign a poster.\n/header Posters\nIn red.");
    let Verdict::Replace(message) = handled.verdict else {
        panic!("the commands stayed in the message");
    };
    assert_eq!(message["text"], "Design a poster.\nIn red.");
    let header = Action::SetUiHeader {
        text: "Posters".into(),
    };
    assert_eq!(handled.actions, [poster(), header]);
}

#[test]
fn a_message_of_commands_alone_is_not_said() {
    let handled = received("/quiet\n/stop for lunch\n");
    let told = "the message was commands alone: set-active-tools, stop-after-turn";
    assert_eq!(handled.verdict, Verdict::cancel(told));
    assert_eq!(handled.actions.len(), 2);
}

#[test]
fn what_is_no_command_is_said_as_it_is() {
    for text in ["hello", "/unknown thing", "a /role poster", ""] {
        let handled = received(text);
        assert_eq!(
            (handled.verdict, handled.actions),
            (Verdict::Proceed, vec![]),
            "{text}"
        );
    }
}

#[test]
fn a_command_that_lacks_something_says_what_and_none_counts() {
    let handled = received("/quiet\n/role \nhello");
    let mistake = "`/role` lacks ROLE: write `/role ROLE`";
    assert_eq!(handled.verdict, Verdict::cancel(mistake));
    assert_eq!(handled.actions, []);
}

#[test]
fn each_action_is_asked_for_somewhere() {
    let commands = "/role x\n/model m\n/prompt p\n/nudge n\n/quiet\n/stop\n/header h\n/status s";
    let compacted = json!({ "session": "s", "replaced": 4, "tokens": 100 });
    let compacted = Host::new().on_event("tell_compaction", compacted).unwrap();
    let actions = received(commands)
        .actions
        .into_iter()
        .chain(compacted.actions);
    let kinds: BTreeSet<&str> = actions.map(|action| action.kind()).collect();
    assert_eq!(kinds, Action::KINDS.iter().copied().collect());
    let manifest = include_str!("../plugin.toml");
    for kind in kinds {
        assert!(manifest.contains(&format!("\"action:{kind}")), "{kind}");
    }
}

#[test]
fn a_message_about_design_is_the_posters() {
    let handled = start("Please DESIGN a poster.", None);
    assert_eq!(handled.verdict, Verdict::Proceed);
    assert_eq!(handled.actions[0], poster());
    assert_eq!(handled.actions.len(), 3);
    let critic = start(
        "A critique of this design?",
        Some("org.portcullis.designer/poster"),
    );
    assert!(matches!(&critic.actions[0], Action::SwitchRole { role } if role.ends_with("/critic")));
}

#[test]
fn a_role_that_is_played_already_is_not_played_again() {
    assert_eq!(
        start("design more", Some("org.portcullis.designer/poster")).actions,
        []
    );
    assert_eq!(start("redesigned designs", None).actions, []);
}

#[test]
fn a_run_stops_after_the_operators_turn() {
    let ended = |host: &Host, turn: u32| {
        let event = json!({ "session": "s", "turn": turn, "stop": false });
        host.on_event("stop_in_time", event).unwrap().verdict
    };
    let host = Host::new().config("max-turns", 3);
    assert_eq!(ended(&host, 2), Verdict::Proceed);
    let stopped = Verdict::Replace(json!({ "session": "s", "turn": 3, "stop": true }));
    assert_eq!(ended(&host, 3), stopped);
    assert_eq!(ended(&Host::new(), 1000), Verdict::Proceed);
}

fn palette(arguments: Value) -> Value {
    let output = testing::call("palette", arguments).unwrap();
    serde_json::from_str(&output.text()).unwrap()
}

#[test]
fn a_name_has_one_palette_that_is_easy_to_read() {
    assert_eq!(
        palette(json!({ "name": "Orchard" })),
        palette(json!({ "name": "orchard " }))
    );
    for hue in (0..360).step_by(15) {
        let palette = palette(json!({ "name": "x", "hue": hue }));
        for swatch in palette["swatches"].as_array().unwrap() {
            assert!(
                swatch["contrast"].as_f64().unwrap() >= 4.5,
                "{hue}: {swatch}"
            );
        }
    }
}

#[test]
fn a_hue_is_an_angle() {
    let hue = |hue: f64| palette(json!({ "name": "x", "hue": hue }))["hue"].clone();
    assert_eq!((hue(-331.0), hue(360.0)), (json!(29.0), json!(0.0)));
}

#[test]
fn a_pitch_has_the_headings_and_the_models_slogan() {
    let outline = json!({ "headings": [{ "level": 1, "text": "Apples", "line": 1 }] }).to_string();
    let host = Host::new()
        .invoke(
            "org.portcullis.text-tools/outline",
            Ok(outline.as_str().into()),
        )
        .llm(LlmReply::text("An apple a day."));
    let output = host.call("pitch", json!({ "text": "# Apples" })).unwrap();
    let pitch: Value = serde_json::from_str(&output.text()).unwrap();
    assert_eq!(
        pitch,
        json!({ "headings": ["Apples"], "slogan": "An apple a day." })
    );
    assert_eq!(host.chats()[0].model, "demo-small");
}

#[test]
fn a_text_without_headings_has_no_pitch() {
    let nothing = json!({ "headings": [] }).to_string();
    let host = Host::new().invoke(
        "org.portcullis.text-tools/outline",
        Ok(nothing.as_str().into()),
    );
    let error = host.call("pitch", json!({ "text": "apples" })).unwrap_err();
    assert!(error.to_string().contains("no headings"), "{error}");
}
