//! Any JSON that fits a schema arrives as it was sent.

use portcullis_host_core::{CallOptions, InstancePolicy, LoadOptions};
use portcullis_test_artifacts::WELL_TOOLS;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::*;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn any_json_arrives_as_sent() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let plugin = runtime.block_on(async {
        let load = LoadOptions {
            instances: Some(InstancePolicy::Reuse),
            ..LoadOptions::default()
        };
        host().load_with(WELL_TOOLS, load).await.unwrap()
    });
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(value in any_json())| {
        let output = runtime.block_on(plugin.call("echo", json!({"value": value}), CallOptions::default())).unwrap();
        prop_assert_eq!(output.structured, Some(value));
    });
}
