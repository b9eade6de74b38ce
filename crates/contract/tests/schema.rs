//! The published JSON Schemas of payloads and actions are those of the types.

use std::collections::BTreeMap;
use std::path::Path;

use portcullis_contract::Action;
use portcullis_contract::hook::{BeforeToolCall, POINTS, Payload};
use serde_json::{Value, json};

fn published() -> BTreeMap<String, Value> {
    let hooks = POINTS
        .iter()
        .map(|point| (format!("hook/{}.json", point.name), (point.schema)()));
    let action = (
        "action.json".to_owned(),
        schemars::schema_for!(Action).to_value(),
    );
    hooks.chain([action]).collect()
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/schema");
    for (name, schema) in published() {
        let (file, text) = (
            folder.join(&name),
            serde_json::to_string_pretty(&schema).unwrap() + "\n",
        );
        if std::env::var_os("PORTCULLIS_UPDATE").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        assert!(
            std::fs::read_to_string(&file).is_ok_and(|found| found == text),
            "wit/schema/{name} is out of date: run with PORTCULLIS_UPDATE=1"
        );
    }
    let found = std::fs::read_dir(folder.join("hook")).unwrap().count();
    assert_eq!(found, POINTS.len(), "a schema is left over");
}

#[test]
fn a_schema_takes_what_the_type_takes() {
    let schema = &published()[&format!("hook/{}.json", BeforeToolCall::POINT)];
    let validator = jsonschema::validator_for(schema).unwrap();
    let right = json!({"session": "s", "turn": 1, "call_id": "c", "tool": "a/b", "arguments": {}});
    assert!(validator.is_valid(&right));
    for wrong in [
        json!({"session": "s", "turn": 1, "call_id": "c", "tool": "a/b"}),
        json!({"session": "s", "turn": -1, "call_id": "c", "tool": "a/b", "arguments": {}}),
        json!({"session": 1, "turn": 1, "call_id": "c", "tool": "a/b", "arguments": {}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
