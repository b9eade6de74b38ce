//! Questions to a person: what they ask for, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_guest_sdk::ask::{Answer, ask, ask_with};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::Value;
use portcullis_guest_sdk::testing::{Host, json};

#[plugin_type]
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Size {
    Small,
    VeryLarge,
}

/// A colour.
#[plugin_type]
#[derive(Debug, PartialEq)]
enum Colour {
    /// Like blood.
    Red,
    /// Like the sky.
    Blue,
}

/// What to send.
#[plugin_type]
#[derive(Debug, PartialEq)]
struct Order {
    /// Where to.
    address: String,
    number: u8,
    weight: Option<f64>,
    express: bool,
    /// How large.
    size: Size,
    colour: Option<Colour>,
    /// Which may be together.
    sizes: BTreeSet<Size>,
    #[serde(default)]
    #[schemars(length(max = 20))]
    note: String,
}

fn asked_for<T>() -> Value
where
    T: portcullis_guest_sdk::serde::de::DeserializeOwned
        + portcullis_guest_sdk::schemars::JsonSchema,
{
    let host = Host::new().answer(Answer::Declined);
    let answer = host.block_on(ask::<T>("Well?"));
    assert!(matches!(answer, Ok(Answer::Declined)));
    host.asked().remove(0).1
}

#[test]
fn a_struct_is_asked_for_as_a_flat_object() {
    let schema = json!({
        "type": "object",
        "properties": {
            "address": { "type": "string", "description": "Where to." },
            "number": { "type": "integer", "minimum": 0, "maximum": 255 },
            "weight": { "type": "number" },
            "express": { "type": "boolean" },
            "size": { "type": "string", "enum": ["small", "very-large"], "description": "How large." },
            "colour": { "type": "string", "enum": ["Red", "Blue"], "description": "A colour." },
            "sizes": {
                "type": "array",
                "items": { "type": "string", "enum": ["small", "very-large"] },
                "description": "Which may be together.",
            },
            "note": { "type": "string", "default": "", "maxLength": 20 },
        },
        "required": ["address", "number", "express", "size", "sizes"],
    });
    assert_eq!(asked_for::<Order>(), schema);
}

#[plugin_type]
struct Nothing {}

#[test]
fn a_person_can_be_asked_for_no_more_than_a_yes() {
    let schema = json!({ "type": "object", "properties": {} });
    assert_eq!(asked_for::<Nothing>(), schema);
}

#[plugin_type]
struct Nested {
    orders: Vec<u8>,
}

#[plugin_type]
struct Deeper {
    inner: Nothing,
}

#[plugin_type]
enum Shapes {
    Circle { radius: f64 },
    Point,
}

#[plugin_type]
struct WithShapes {
    shape: Shapes,
}

#[test]
fn what_no_form_has_a_field_for_is_refused_in_words() {
    let host = Host::new().answer(Answer::Declined);
    let told = |result: Result<(), HostError>| match result {
        Err(HostError::Invalid { message }) => message,
        other => panic!("{other:?}"),
    };
    let nested = told(host.block_on(ask::<Nested>("?")).map(drop));
    assert!(
        nested.starts_with("a person can't be asked for `Nested`: `orders` is no text,"),
        "{nested}"
    );
    let deeper = told(host.block_on(ask::<Deeper>("?")).map(drop));
    assert!(deeper.contains("`inner`"), "{deeper}");
    let shapes = told(host.block_on(ask::<WithShapes>("?")).map(drop));
    assert!(shapes.contains("`shape`"), "{shapes}");
    let number = told(host.block_on(ask::<u8>("?")).map(drop));
    assert!(number.contains("what it is made of"), "{number}");
    let map = told(host.block_on(ask::<BTreeMap<String, u8>>("?")).map(drop));
    assert!(map.contains("what it is made of"), "{map}");
    let variant = told(host.block_on(ask::<Shapes>("?")).map(drop));
    assert!(variant.contains("what it is made of"), "{variant}");
    assert_eq!(host.asked(), []);
}

#[test]
fn an_answer_is_of_the_type_or_an_error() {
    let order = json!({
        "address": "Bergen", "number": 1, "express": true, "size": "small", "sizes": ["small"]
    });
    let host = Host::new()
        .answer(Answer::Accepted(order))
        .answer(Answer::Accepted(json!({ "address": 1 })))
        .answer(Answer::Cancelled);
    let asked = || host.block_on(ask::<Order>("What shall I send?"));
    let order = asked().unwrap().accepted().unwrap();
    assert_eq!(
        (order.address.as_str(), order.size, order.colour),
        ("Bergen", Size::Small, None)
    );
    assert!(matches!(asked(), Err(HostError::Invalid { .. })));
    assert_eq!(asked(), Ok(Answer::Cancelled));
    assert_eq!(asked().unwrap().accepted(), None);
    assert_eq!(host.asked()[3].0, "What shall I send?");
}

#[test]
fn a_schema_of_ones_own_goes_as_it_is() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let host = Host::new().answer(Answer::Accepted(json!({ "a": "b" })));
    let answer = host.block_on(ask_with("?", schema.clone()));
    assert_eq!(answer, Ok(Answer::Accepted(json!({ "a": "b" }))));
    assert_eq!(host.asked(), [("?".to_owned(), schema)]);
}

#[test]
fn without_a_script_nobody_may_be_asked() {
    let denied = Host::new().block_on(ask::<Nothing>("?"));
    assert!(matches!(denied, Err(HostError::Denied)));
}
