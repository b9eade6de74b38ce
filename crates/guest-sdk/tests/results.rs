//! From a function's result to its caller's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::{call, json, tools};
use portcullis_guest_sdk::{ToolDefinition, serde_json};

fn definition(name: &str) -> ToolDefinition {
    tools().into_iter().find(|tool| tool.name == name).unwrap()
}

fn answer(tool: &str) -> ToolOutput {
    call(tool, json!({})).unwrap()
}

macro_rules! content_tools {
    ($($name:ident: $type:ty = $value:expr => $content:expr;)*) => {
        $(
            /// Content.
            #[plugin_tool]
            fn $name() -> $type {
                $value
            }
        )*

        #[test]
        fn content_is_answered_as_content() {
            $(
                let output = answer(stringify!($name));
                assert_eq!(output, ToolOutput { content: $content, structured: None }, stringify!($name));
                assert_eq!(definition(stringify!($name)).output_schema, None, stringify!($name));
            )*
        }
    };
}

type Text = Result<String, ToolError>;

content_tools! {
    unit: () = () => vec![];
    string: String = "a".into() => vec!["a".into()];
    literal: &'static str = "b" => vec!["b".into()];
    clever: Cow<'static, str> = "c".into() => vec!["c".into()];
    alias_of_result: Text = Ok("d".into()) => vec!["d".into()];
    blob: Blob = Blob::new("image/png", [1]) => vec![Content::Blob(Blob::new("image/png", [1]))];
    content: Content = "e".into() => vec!["e".into()];
    contents: Vec<Content> = vec!["f".into(), "g".into()] => vec!["f".into(), "g".into()];
    blobs: Vec<Blob> = vec![Blob::default()] => vec![Blob::default().into()];
    link: ResourceLink = ResourceLink { uri: "u".into(), ..Default::default() }
        => vec![ResourceLink { uri: "u".into(), ..Default::default() }.into()];
}

#[plugin_type]
#[derive(Debug, PartialEq)]
struct Summary {
    words: u32,
}

/// A struct.
#[plugin_tool]
async fn structured() -> Summary {
    Summary { words: 3 }
}

#[test]
fn a_type_with_a_schema_is_answered_as_json_and_as_text() {
    let output = answer("structured");
    assert_eq!(output.text(), r#"{"words":3}"#);
    assert_eq!(
        output.structured_as::<Summary>().unwrap(),
        Summary { words: 3 }
    );
    assert!(definition("structured").output_schema.is_some());
}

/// An option.
#[plugin_tool]
fn optional(some: bool) -> Option<u8> {
    some.then_some(1)
}

#[test]
fn json_of_any_kind_is_structured() {
    let structured = |some: bool| {
        call("optional", json!({ "some": some }))
            .unwrap()
            .structured
    };
    assert_eq!(structured(true).as_deref(), Some("1"));
    assert_eq!(structured(false).as_deref(), Some("null"));
}

/// Full control.
#[plugin_tool]
fn full_control() -> ToolOutput {
    ToolOutput {
        content: vec!["three".into()],
        structured: Some("3".into()),
    }
}

#[test]
fn a_tool_output_is_answered_as_it_is() {
    assert_eq!(answer("full_control"), full_control());
}

/// No JSON form: the keys of a JSON object are text.
#[plugin_tool]
fn without_json() -> BTreeMap<Option<u8>, u8> {
    BTreeMap::from([(None, 1)])
}

#[test]
fn a_value_without_a_json_form_is_an_internal_error() {
    let error = call("without_json", json!({})).unwrap_err();
    assert_eq!(error.code, "internal");
    assert!(
        error
            .message
            .starts_with("the tool's result has no JSON form: "),
        "{}",
        error.message
    );
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number can't be read")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Displays itself and is no error.
struct Plain;

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain")
    }
}

/// An error with a source.
#[plugin_tool]
fn fails_with_source() -> Result<(), Outer> {
    "x".parse::<u8>().map(drop).map_err(Outer)
}

/// Text as an error.
#[plugin_tool]
fn fails_with_text() -> Result<u8, &'static str> {
    Err("just text")
}

/// Something that displays itself.
#[plugin_tool]
async fn fails_with_display() -> Result<u8, Plain> {
    Err(Plain)
}

/// A tool error.
#[plugin_tool]
fn fails_as_tool_error() -> Result<String, ToolError> {
    Err(ToolError::unavailable("later").with_details(&json!({ "seconds": 3 })))
}

/// `?` on a std error.
#[plugin_tool]
fn fails_by_question_mark() -> Result<u8, ToolError> {
    Ok(serde_json::from_str("nonsense")?)
}

#[test]
fn errors_reach_the_caller_with_their_causes() {
    let message = |tool: &str| {
        let error = call(tool, json!({})).unwrap_err();
        assert_eq!(error.code, "internal", "{tool}");
        error.message
    };
    assert_eq!(
        message("fails_with_source"),
        "the number can't be read: invalid digit found in string"
    );
    assert_eq!(message("fails_with_text"), "just text");
    assert_eq!(message("fails_with_display"), "plain");
    assert_eq!(
        message("fails_by_question_mark"),
        "expected ident at line 1 column 2"
    );
}

#[test]
fn a_tool_error_reaches_the_caller_as_it_is() {
    let error = call("fails_as_tool_error", json!({})).unwrap_err();
    assert_eq!(error, fails_as_tool_error().unwrap_err());
    assert!(error.retryable);
    assert_eq!(error.details.as_deref(), Some(r#"{"seconds":3}"#));
}
