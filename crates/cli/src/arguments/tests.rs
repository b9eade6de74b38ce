use super::*;
use serde_json::json;

fn assigned(schema: Value, assignments: &[&str]) -> Value {
    let assignments: Vec<Assignment> = assignments
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let mut object = Map::new();
    assign(&mut object, &assignments, "--arg", &schema).unwrap();
    Value::Object(object)
}

fn one(property: Value, text: &str) -> Value {
    assigned(
        json!({"properties": {"x": property}}),
        &[&format!("x={text}")],
    )["x"]
        .clone()
}

#[test]
fn a_string_stays_a_string() {
    for text in ["5", "true", "null", "[1]", "\"quoted\"", ""] {
        assert_eq!(one(json!({"type": "string"}), text), json!(text));
        assert_eq!(one(json!({"type": ["string", "null"]}), text), json!(text));
    }
}

#[test]
fn other_types_are_written_as_json() {
    assert_eq!(one(json!({"type": "integer"}), "5"), json!(5));
    assert_eq!(one(json!({"type": "number"}), "5.5"), json!(5.5));
    assert_eq!(one(json!({"type": "boolean"}), "true"), json!(true));
    assert_eq!(one(json!({"type": "array"}), "[1, \"a\"]"), json!([1, "a"]));
    assert_eq!(
        one(json!({"type": "object"}), "{\"a\": 1}"),
        json!({"a": 1})
    );
    assert_eq!(
        one(json!({"type": ["integer", "null"]}), "null"),
        json!(null)
    );
}

#[test]
fn what_does_not_fit_stays_a_string_for_the_schema_check_to_refuse() {
    assert_eq!(one(json!({"type": "integer"}), "five"), json!("five"));
    assert_eq!(one(json!({"type": "integer"}), "true"), json!("true"));
}

#[test]
fn a_string_or_something_else_takes_json_of_the_other_kind() {
    let either = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
    assert_eq!(one(either.clone(), "5"), json!(5));
    assert_eq!(one(either, "5.5"), json!("5.5"));
}

#[test]
fn without_a_schema_json_is_json_and_the_rest_is_text() {
    assert_eq!(
        assigned(json!({}), &["a=5", "b=five", "c=\"5\""]),
        json!({"a": 5, "b": "five", "c": "\"5\""})
    );
}

#[test]
fn enums_constants_and_references_say_the_type_too() {
    assert_eq!(one(json!({"enum": ["1", "2"]}), "1"), json!("1"));
    assert_eq!(
        one(json!({"oneOf": [{"const": "1"}, {"const": "2"}]}), "1"),
        json!("1")
    );
    let schema = json!({"properties": {"x": {"$ref": "#/$defs/Level"}}, "$defs": {"Level": {"type": "string"}}});
    assert_eq!(assigned(schema, &["x=3"]), json!({"x": "3"}));
    let root = json!({"$ref": "#/$defs/Root", "$defs": {"Root": {"properties": {"x": {"type": "string"}}}}});
    assert_eq!(assigned(root, &["x=3"]), json!({"x": "3"}));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let schema = json!({"properties": {"x": {"$ref": "#/properties/x"}}});
    assert_eq!(assigned(schema, &["x=3"]), json!({"x": 3}));
}

#[test]
fn the_later_assignment_wins_and_the_value_may_hold_equals_signs() {
    assert_eq!(assigned(json!({}), &["a=b", "a=c=d"]), json!({"a": "c=d"}));
}

#[test]
fn at_reads_a_file_and_two_write_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/arguments/tests.rs");
    let read = one(json!({"type": "string"}), &format!("@{path}"));
    assert!(read.as_str().unwrap().starts_with("use super::*;"));
    assert_eq!(one(json!({"type": "string"}), "@@handle"), json!("@handle"));
}

#[test]
fn a_missing_file_is_named_with_its_option() {
    let assignments = ["text=@/nowhere/at-all".parse().unwrap()];
    let error = assign(&mut Map::new(), &assignments, "--arg", &json!({}))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"/nowhere/at-all\", which --arg text names"),
        "{error}"
    );
}

#[test]
fn args_must_be_one_object() {
    assert_eq!(
        object("{\"a\": 1}").unwrap(),
        *json!({"a": 1}).as_object().unwrap()
    );
    assert!(matches!(
        object("[1]"),
        Err(ArgumentError::NotAnObject {
            found: "an array",
            ..
        })
    ));
    assert!(matches!(object("{"), Err(ArgumentError::NotJson { .. })));
}

#[test]
fn an_assignment_needs_a_key() {
    assert!("=x".parse::<Assignment>().is_err());
    assert!("x".parse::<Assignment>().is_err());
}
