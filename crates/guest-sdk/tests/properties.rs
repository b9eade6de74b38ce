//! Any JSON that fits arrives as sent, and comes back as returned.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::{Map, Number, Value};
use portcullis_guest_sdk::testing::{call, json};
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest,
};

/// Gives back what it gets.
#[plugin_tool]
fn echo(value: Value) -> Value {
    value
}

/// Gives back a whole object.
#[plugin_tool]
fn echo_object(#[args] object: Map<String, Value>) -> Map<String, Value> {
    object
}

/// Gives back typed values.
#[plugin_tool]
fn echo_typed(text: &str, list: Vec<i64>, number: u64, float: Option<f64>) -> Value {
    json!({ "text": text, "list": list, "number": number, "float": float })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |float| Number::from_f64(float).map(Value::Number)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn echoed(tool: &str, arguments: &Value) -> Value {
    call(tool, arguments).unwrap().structured_as().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_back(value in json_value()) {
        prop_assert_eq!(echoed("echo", &json!({ "value": value })), value);
    }

    #[test]
    fn any_object_comes_back_whole(object in prop::collection::btree_map(any::<String>(), json_value(), 0..6)) {
        let object = Value::Object(object.into_iter().collect());
        prop_assert_eq!(echoed("echo_object", &object), object);
    }

    #[test]
    fn typed_arguments_come_back(text: String, list: Vec<i64>, number: u64, float in any::<Option<i32>>()) {
        let arguments = json!({ "text": text, "list": list, "number": number, "float": float.map(f64::from) });
        prop_assert_eq!(echoed("echo_typed", &arguments), arguments);
    }
}
