//! From a caller's JSON to a function's arguments.

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::Value;
use portcullis_guest_sdk::testing::{Host, call, json};

type Words<'a> = &'a [String];
type Ctx = Context;

#[plugin_type]
#[derive(Debug)]
#[serde(rename_all = "kebab-case")]
enum Colour {
    DarkRed,
    Blue,
}

/// Every way to take an argument.
#[plugin_tool]
#[expect(clippy::too_many_arguments, reason = "that is the point")]
fn every_way(
    owned: String,
    lent: &str,
    list: &[u8],
    words: Vec<String>,
    clever: Cow<'_, str>,
    map: BTreeMap<String, i64>,
    colour: Colour,
    nothing: Option<bool>,
    ctx: &Ctx,
) -> String {
    let words: Words<'_> = &words;
    format!(
        "{owned} {lent} {list:?} {words:?} {clever} {map:?} {colour:?} {nothing:?} {}",
        ctx.call_id()
    )
}

#[test]
fn arguments_of_every_kind_are_decoded() {
    let output = call(
        "every_way",
        json!({
            "owned": "a\n", "lent": "b\"", "list": [1, 2], "words": ["x"], "clever": "\u{e9}",
            "map": { "k": -1 }, "colour": "dark-red", "nothing": null,
        }),
    );
    let text = "a\n b\" [1, 2] [\"x\"] \u{e9} {\"k\": -1} DarkRed None test-call";
    assert_eq!(output.unwrap().text(), text);
}

/// Defaults.
#[plugin_tool]
fn with_defaults(
    #[arg(default)] flag: bool,
    #[arg(default = 2 + 1)] number: u64,
    #[arg(default = "and")] word: &str,
    #[arg(default = Some(7))] option: Option<u8>,
    #[arg(default = Colour::Blue)] colour: Colour,
    mut plain: Option<u8>,
) -> String {
    plain = plain.map(|number| number + 1);
    format!("{flag} {number} {word} {option:?} {colour:?} {plain:?}")
}

#[test]
fn what_is_not_given_is_the_default() {
    let output = call("with_defaults", json!({})).unwrap();
    assert_eq!(output.text(), "false 3 and Some(7) Blue None");
}

#[test]
fn what_is_given_replaces_the_default() {
    let arguments = json!({ "flag": true, "number": 1, "word": "or", "option": null, "colour": "dark-red", "plain": 4 });
    let output = call("with_defaults", arguments).unwrap();
    assert_eq!(output.text(), "true 1 or None DarkRed Some(5)");
}

#[plugin_type]
struct Search {
    query: String,
    #[serde(default)]
    limit: u8,
}

/// One struct, lent, and the host's context beside it.
#[plugin_tool]
fn search(#[args] search: &Search, ctx: Context) -> String {
    format!("{} {} {}", search.query, search.limit, ctx.call_id())
}

#[test]
fn one_struct_takes_the_whole_object() {
    let output = call("search", json!({ "query": "rust", "limit": 3 })).unwrap();
    assert_eq!(output.text(), "rust 3 test-call");
}

#[test]
fn one_struct_decides_itself_about_unknown_fields() {
    let output = call("search", json!({ "query": "rust", "unknown": 1 })).unwrap();
    assert_eq!(output.text(), "rust 0 test-call");
}

/// A name that is a keyword.
#[plugin_tool]
fn r#match(r#type: String, r#in: Vec<Value>) -> String {
    format!("{type} {in:?}", r#type = r#type, r#in = r#in)
}

#[test]
fn raw_names_lose_their_mark() {
    let output = call("match", json!({ "type": "t", "in": [] })).unwrap();
    assert_eq!(output.text(), "t []");
}

/// Nothing.
#[plugin_tool]
fn nothing() {}

fn refused(tool: &str, arguments: Value) -> String {
    let error = call(tool, arguments).unwrap_err();
    assert_eq!(error.code, "invalid-arguments");
    error.message
}

#[test]
fn a_missing_argument_is_named() {
    assert_eq!(
        refused("match", json!({ "in": [] })),
        "argument `type` is missing"
    );
}

#[test]
fn an_unknown_argument_is_named() {
    let message = refused("nothing", json!({ "surprise": 1 }));
    assert!(
        message.starts_with("unknown argument `surprise`"),
        "{message}"
    );
}

#[test]
fn an_argument_of_another_type_is_named() {
    let message = refused("match", json!({ "type": 1, "in": [] }));
    assert!(
        message.starts_with("argument `type`: invalid type: integer `1`, expected a string"),
        "{message}"
    );
}

#[test]
fn arguments_that_are_no_object_are_refused() {
    let message = refused("nothing", json!([]));
    assert!(
        message.contains("expected an object with the tool's arguments"),
        "{message}"
    );
}

#[test]
fn an_argument_that_is_given_twice_is_refused() {
    let message = refused("twice", json!({}));
    assert!(
        message.starts_with("argument `a` is given twice"),
        "{message}"
    );
}

/// Serializes as an object with one key twice.
struct Twice;

impl portcullis_guest_sdk::serde::Serialize for Twice {
    fn serialize<S: portcullis_guest_sdk::serde::Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        use portcullis_guest_sdk::serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("a", &1)?;
        map.serialize_entry("a", &2)?;
        map.end()
    }
}

/// Calls a tool with an argument twice.
#[plugin_tool]
fn twice() -> Result<(), ToolError> {
    call("nothing", Twice).map(drop)
}

#[test]
fn integers_beyond_f64_arrive_as_sent() {
    let big = json!({ "signed": i128::MIN.to_string(), "unsigned": u64::MAX });
    let output = call("big", big).unwrap();
    assert_eq!(output.text(), format!("{} {}", i128::MIN, u64::MAX));
}

/// Big numbers.
#[plugin_tool]
fn big(signed: String, unsigned: u64) -> Result<String, ToolError> {
    let signed: i128 = signed.parse()?;
    Ok(format!("{signed} {unsigned}"))
}

#[test]
fn an_unknown_tool_is_not_found() {
    assert_eq!(
        call("no-such-tool", json!({})).unwrap_err().code,
        "not-found"
    );
}

#[test]
fn metadata_and_attachments_come_with_the_context() {
    let host = Host::new()
        .metadata("session", "s1")
        .metadata("session", "s2")
        .attachment(Blob::new("text/plain", "hi"));
    let output = host.call("context", json!({})).unwrap();
    assert_eq!(
        output.text(),
        "Some(\"s1\") 2 [Blob { media_type: \"text/plain\", data: [104, 105] }]"
    );
}

/// What the context knows.
#[plugin_tool]
fn context(ctx: Context) -> String {
    format!(
        "{:?} {} {:?}",
        ctx.metadata("session"),
        ctx.all_metadata().count(),
        ctx.attachments()
    )
}
