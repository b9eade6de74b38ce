//! Resources: what of a plugin can be read, and how.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::resource::{ResourceBody, ResourceDefinition, TemplateVariable};
use portcullis_guest_sdk::testing::{Host, json, resources, templates};

/// What is to be done today.
///
/// More of it.
#[plugin_resource(uri = "notes://today", media_type = "text/markdown", title = "Today")]
fn today() -> &'static str {
    "Rest."
}

#[plugin_resource(uri = "notes://logo", name = "the-logo")]
async fn logo() -> Vec<u8> {
    b"GIF89a".to_vec()
}

#[plugin_resource(uri = "notes://icon", media_type = "image/png")]
fn icon() -> Blob {
    Blob::new("image/gif", *b"GIF89a")
}

#[plugin_resource(uri = "notes://all", media_type = "text/plain")]
fn all(ctx: &Context) -> Vec<ResourceContents> {
    vec![
        ResourceContents::text("notes://all/1", ctx.call_id()),
        ResourceContents::text("notes://all/2", "{}").media_type("application/json"),
    ]
}

#[plugin_resource(uri = "notes://broken")]
fn broken() -> Result<Cow<'static, str>, String> {
    Err("torn".into())
}

/// A day of the week.
struct Day(&'static str);

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        ["mon", "tue"]
            .into_iter()
            .find(|day| *day == text)
            .map(Day)
            .ok_or(NoDay)
    }
}

struct NoDay;

impl fmt::Display for NoDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no day")
    }
}

/// What was to be done.
#[plugin_resource(template = "notes://{day}/{hour}", media_type = "text/plain")]
fn of_hour(
    hour: &u8,
    /// Which day.
    #[arg(values = ["mon", "tue"])]
    day: Day,
    ctx: Context,
) -> Result<String, ToolError> {
    if *hour > 23 {
        return Err(ToolError::not_found("a day has 24 hours"));
    }
    Ok(format!("{} {hour} {}", day.0, ctx.call_id()))
}

#[plugin_resource(template = "notes://{day}/{hour}.html")]
async fn page(day: &str, hour: &str) -> ResourceContents {
    ResourceContents::text(format!("notes://{day}"), format!("<p>{hour}"))
}

/// Notes something.
#[plugin_tool]
fn note() -> ResourceContents {
    resource::changed("notes://today");
    resource::changed("notes://nowhere");
    ResourceContents::text("notes://today", "Rest.")
}

fn read(uri: &str) -> ResourceContents {
    let mut contents = Host::new().read(uri).unwrap();
    assert_eq!(contents.len(), 1);
    contents.remove(0)
}

fn code(uri: &str) -> String {
    Host::new().read(uri).unwrap_err().code
}

#[test]
fn definitions_say_what_the_code_says() {
    let resources = resources();
    let names: Vec<_> = resources.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["all", "broken", "icon", "the-logo", "today"]);
    let today = ResourceDefinition {
        uri: "notes://today".into(),
        name: "today".into(),
        title: Some("Today".into()),
        description: Some("What is to be done today.\n\nMore of it.".into()),
        media_type: Some("text/markdown".into()),
        size: None,
    };
    assert_eq!(resources[4], today);
    assert_eq!(resources[3].description, None);
    let templates = templates();
    let names: Vec<_> = templates.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["of_hour", "page"]);
    assert_eq!(templates[0].uri_template, "notes://{day}/{hour}");
    let day = TemplateVariable {
        name: "day".into(),
        description: Some("Which day.".into()),
        values: vec!["mon".into(), "tue".into()],
    };
    let hour = TemplateVariable {
        name: "hour".into(),
        description: None,
        values: Vec::new(),
    };
    assert_eq!(templates[0].variables, [day, hour]);
}

#[test]
fn text_and_bytes_are_at_the_address_that_was_asked_for() {
    let today = ResourceContents::text("notes://today", "Rest.").media_type("text/markdown");
    assert_eq!(read("notes://today"), today);
    let logo = read("notes://logo");
    assert_eq!(logo.body, ResourceBody::Blob(b"GIF89a".to_vec()));
    assert_eq!((logo.uri.as_str(), logo.media_type), ("notes://logo", None));
    assert_eq!(
        read("notes://icon").media_type.as_deref(),
        Some("image/gif")
    );
}

#[test]
fn several_parts_keep_their_own_addresses_and_types() {
    let all = Host::new().read("notes://all").unwrap();
    let first = ResourceContents::text("notes://all/1", "test-call").media_type("text/plain");
    let second = ResourceContents::text("notes://all/2", "{}").media_type("application/json");
    assert_eq!(all, [first, second]);
}

#[test]
fn the_variables_of_an_address_are_arguments_by_name() {
    assert_eq!(read("notes://tue/7").as_text(), Some("tue 7 test-call"));
    assert_eq!(read("notes://%74ue/7").as_text(), Some("tue 7 test-call"));
    assert_eq!(read("notes://tue/7").uri, "notes://tue/7");
}

#[test]
fn the_narrowest_template_is_read() {
    assert_eq!(read("notes://mon/7.html").as_text(), Some("<p>7"));
    assert_eq!(code("notes://mon/.html"), "not-found");
}

#[test]
fn where_nothing_is_it_is_not_found() {
    for uri in [
        "notes://tomorrow",
        "notes://wed/7",
        "notes://mon/300",
        "notes://mon/24",
        "",
    ] {
        assert_eq!(code(uri), "not-found", "{uri}");
    }
    let error = Host::new().read("notes://wed/7").unwrap_err();
    let told = "nothing is at `notes://wed/7`: `day` does not fit: no day";
    assert_eq!(error.message, told);
}

#[test]
fn an_error_is_the_resources_own() {
    let error = Host::new().read("notes://broken").unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("internal", "torn")
    );
}

#[test]
fn what_changed_is_told_and_can_be_part_of_an_answer() {
    let host = Host::new();
    let output = host.call("note", json!({})).unwrap();
    assert_eq!(host.changed(), ["notes://today", "notes://nowhere"]);
    let [Content::Other(embedded)] = &output.content[..] else {
        panic!("{output:?}");
    };
    let payload = r#"{"uri":"notes://today","text":"Rest."}"#;
    assert_eq!(
        (embedded.kind.as_str(), embedded.payload.as_str()),
        ("resource", payload)
    );
}
