//! The name of what a plugin shows, and what changed of it.

use serde_json::{Value, json};

use super::*;

fn tool(name: &str, shown: Value) -> Surface {
    let mut surface = Surface::default();
    surface.add("tools", name, shown);
    surface
}

fn forecast() -> Value {
    json!({
        "title": "Forecast",
        "description": "Tells the weather.",
        "input": {"type": "object", "required": ["place", "day"], "properties": {"day": {"minimum": 1}}},
        "annotations": {"read_only": true, "title": null},
    })
}

/// The digest is kept in locks: should it ever come out otherwise, every plugin of every operator would be held.
#[test]
fn the_digest_of_a_surface_stays_what_it_is() {
    let expected = br#"{"tools":{"a":{"x":[1,{"b":null,"c":"d"}],"y":true}}}"#;
    let surface = tool("a", json!({"y": true, "x": [1, {"c": "d", "b": null}]}));
    assert_eq!(surface.digest(), Digest::of(expected));
    assert_eq!(Surface::default().digest(), Digest::of(b"{}"));
}

#[test]
fn the_order_of_keys_makes_no_difference() {
    let one: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": [2], "d": 3}}"#).unwrap();
    let other: Value = serde_json::from_str(r#"{"b": {"d": 3, "c": [2]}, "a": 1}"#).unwrap();
    assert_eq!(tool("t", one).digest(), tool("t", other).digest());
}

#[test]
fn every_change_of_what_is_shown_changes_the_digest() {
    let was = tool("forecast", forecast());
    let changed = |change: fn(&mut Value)| {
        let mut shown = forecast();
        change(&mut shown);
        tool("forecast", shown)
    };
    let mut second = was.clone();
    second.add("tools", "history", forecast());
    let mut prompt = Surface::default();
    prompt.add("prompts", "forecast", forecast());
    let others = [
        changed(|shown| shown["title"] = json!("Forecasts")),
        changed(|shown| shown["description"] = json!("Tells the weather. ")),
        changed(|shown| shown["description"] = json!("Tells the w\u{435}ather.")),
        changed(|shown| shown["description"] = json!("Tells the weather.\u{e0041}")),
        changed(|shown| shown["description"] = Value::Null),
        changed(|shown| shown["input"]["required"] = json!(["day", "place"])),
        changed(|shown| shown["input"]["properties"]["day"]["minimum"] = json!(1.0)),
        changed(|shown| shown["input"]["properties"]["day"]["minimum"] = json!("1")),
        changed(|shown| shown["annotations"]["read_only"] = json!(false)),
        changed(|shown| {
            drop(
                shown["annotations"]
                    .as_object_mut()
                    .map(|map| map.remove("title")),
            )
        }),
        tool("Forecast", forecast()),
        Surface::default(),
        second,
        prompt,
    ];
    let mut digests: Vec<_> = others.iter().map(Surface::digest).collect();
    digests.push(was.digest());
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), others.len() + 1);
    for other in others {
        assert_ne!(was.differences(&other), [], "{other:?}");
    }
}

#[test]
fn differences_say_what_is_new_gone_and_changed() {
    let mut was = tool("forecast", json!(1));
    was.add("tools", "history", json!(2));
    was.add("prompts", "ask", json!(3));
    let mut now = tool("forecast", json!(4));
    now.add("tools", "radar", json!(5));
    now.add("prompts", "ask", json!(3));
    let difference = |name: &str, before: Option<Value>, after: Option<Value>| Difference {
        kind: "tools".to_owned(),
        name: name.to_owned(),
        before,
        after,
    };
    assert_eq!(
        was.differences(&now),
        [
            difference("forecast", Some(json!(1)), Some(json!(4))),
            difference("history", Some(json!(2)), None),
            difference("radar", None, Some(json!(5))),
        ]
    );
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_i64..3).prop_map(Value::from),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(1.5)]
            .prop_map(|number: f64| json!(number)),
        "[ab\"\\\\,:{}]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn surfaces() -> impl Strategy<Value = Surface> {
    let things = proptest::collection::vec(("[ab]", "[ab]", values()), 0..3);
    things.prop_map(|things| {
        let mut surface = Surface::default();
        for (kind, name, shown) in things {
            surface.add(&kind, &name, shown);
        }
        surface
    })
}

proptest! {
    #[test]
    fn the_digest_is_the_same_where_nothing_differs(one in surfaces(), other in surfaces()) {
        prop_assert_eq!(one.digest() == other.digest(), one.differences(&other).is_empty());
    }

    #[test]
    fn a_surface_that_was_kept_has_the_digest_that_it_had(surface in surfaces()) {
        let kept = serde_json::to_vec(&surface).unwrap();
        let read: Surface = serde_json::from_slice(&kept).unwrap();
        prop_assert_eq!(read.digest(), surface.digest());
    }
}
