//! A tool's definition says what its code says, and its schemas are what schemars makes of the types.

use std::collections::BTreeMap;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::schemars::generate::SchemaSettings;
use portcullis_guest_sdk::schemars::{JsonSchema, schema_for};
use portcullis_guest_sdk::serde_json::{Value, from_str, json};
use portcullis_guest_sdk::testing::tools;
use portcullis_guest_sdk::{Streams, ToolDefinition};

fn definition(name: &str) -> ToolDefinition {
    tools().into_iter().find(|tool| tool.name == name).unwrap()
}

fn input(name: &str) -> Value {
    from_str(&definition(name).input_schema).unwrap()
}

/// What schemars says of a struct with the same fields; a list of arguments has no title.
fn fields_of<T: JsonSchema>() -> Value {
    let mut schema = schema_for!(T);
    schema.remove("title");
    schema.to_value()
}

#[plugin_type]
struct Point {
    /// To the right.
    x: f64,
    #[serde(default)]
    y: f64,
    next: Option<Box<Point>>,
}

#[plugin_type]
#[serde(tag = "kind")]
enum Shape {
    /// A circle.
    Circle {
        centre: Point,
        radius: f64,
    },
    Nothing,
}

/// Draws.
///
/// Second paragraph.
#[plugin_tool]
fn draw(
    /// What to draw.
    shapes: Vec<Shape>,
    /// Where to begin.
    /// On two lines.
    start: &Point,
    #[arg(default = "red")] colour: String,
    /// How many times.
    #[arg(default)]
    times: u32,
    note: Option<String>,
    styles: BTreeMap<String, Option<bool>>,
    ctx: &Context,
) -> Shape {
    let _ = (shapes, start, colour, times, note, styles, ctx);
    Shape::Nothing
}

#[derive(JsonSchema)]
#[schemars(crate = "portcullis_guest_sdk::schemars", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema counts")]
struct DrawArguments {
    /// What to draw.
    shapes: Vec<Shape>,
    /// Where to begin.
    /// On two lines.
    start: Point,
    #[serde(default = "red")]
    colour: String,
    /// How many times.
    #[serde(default)]
    times: u32,
    note: Option<String>,
    styles: BTreeMap<String, Option<bool>>,
}

fn red() -> String {
    "red".to_owned()
}

#[test]
fn arguments_have_the_schema_of_a_struct_with_these_fields() {
    assert_eq!(input("draw"), fields_of::<DrawArguments>());
}

#[test]
fn a_result_has_the_schema_of_its_type_as_it_is_written() {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let schema: Value = from_str(&definition("draw").output_schema.unwrap()).unwrap();
    assert_eq!(schema, generator.into_root_schema_for::<Shape>().to_value());
}

/// Takes a struct.
#[plugin_tool]
fn move_to(#[args] point: Point) -> Result<Vec<Point>, ToolError> {
    Ok(vec![point])
}

#[test]
fn one_struct_for_all_arguments_has_its_own_schema() {
    assert_eq!(input("move_to"), schema_for!(Point).to_value());
}

#[test]
fn the_result_inside_a_result_has_the_schema() {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let schema: Value = from_str(&definition("move_to").output_schema.unwrap()).unwrap();
    assert_eq!(
        schema,
        generator.into_root_schema_for::<Vec<Point>>().to_value()
    );
}

#[plugin_tool(
    name = "do-nothing",
    title = "Do nothing",
    read_only,
    destructive = false,
    idempotent = true,
    open_world
)]
fn nothing() {}

#[test]
fn a_tool_without_arguments_takes_an_empty_object() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    });
    assert_eq!(input("do-nothing"), schema);
}

#[test]
fn the_attribute_fills_the_definition() {
    let definition = definition("do-nothing");
    assert_eq!(definition.title.as_deref(), Some("Do nothing"));
    assert_eq!(definition.description, "");
    assert_eq!(definition.output_schema, None);
    let annotations = [
        ("read-only", "true"),
        ("destructive", "false"),
        ("idempotent", "true"),
        ("open-world", "true"),
    ];
    let annotations = annotations.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(definition.annotations, annotations);
}

#[test]
fn without_an_attribute_the_code_fills_the_definition() {
    let definition = definition("draw");
    assert_eq!(definition.name, "draw");
    assert_eq!(definition.title, None);
    assert_eq!(definition.description, "Draws.\n\nSecond paragraph.");
    assert_eq!(definition.annotations, []);
    assert_eq!(definition.streams, Streams::empty());
}

#[test]
fn definitions_are_sorted_by_name() {
    let names: Vec<String> = tools().into_iter().map(|tool| tool.name).collect();
    assert_eq!(
        names,
        [
            "do-nothing",
            "draw",
            "in-pieces",
            "move_to",
            "pieces_in",
            "pieces_out"
        ]
    );
}

mod streams {
    use super::*;

    type Pieces = InputStream;

    /// Takes pieces.
    #[plugin_tool]
    async fn pieces_in(pieces: Pieces) {
        drop(pieces);
    }

    /// Gives pieces.
    #[plugin_tool]
    fn pieces_out(#[arg(default = 3)] count: u8) -> impl Stream<Item = Result<String, ToolError>> {
        portcullis_guest_sdk::stream::iter((0..count).map(|number| Ok(number.to_string())))
    }

    /// Both.
    #[plugin_tool(name = "in-pieces")]
    async fn both(input: InputStream, out: OutputStream) -> Option<u64> {
        drop((input, out));
        None
    }
}

#[test]
fn streams_are_flags_and_no_properties() {
    assert_eq!(definition("pieces_in").streams, Streams::INPUT);
    assert_eq!(definition("pieces_out").streams, Streams::OUTPUT);
    assert_eq!(definition("in-pieces").streams, Streams::all());
    assert_eq!(input("in-pieces"), input("do-nothing"));
}

#[test]
fn a_stream_has_no_output_schema_and_a_final_result_has() {
    assert_eq!(definition("pieces_out").output_schema, None);
    assert!(definition("in-pieces").output_schema.is_some());
}
