//! What the macros expand to gives no warnings, whatever the plugin forbids and wherever its tools stand.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unused,
    unreachable_pub,
    clippy::all,
    clippy::pedantic
)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::tools;

/// A type of the plugin's own.
#[plugin_type]
pub struct Point {
    /// To the right.
    pub x: f64,
}

/// In the crate's root.
#[plugin_tool]
#[must_use]
pub fn every_kind_of_argument(
    text: &str,
    #[arg(default = 3)] number: u8,
    #[arg(default = "red")] colour: &str,
    #[arg(default)] points: &[Point],
    ctx: &Context,
) -> String {
    format!(
        "{text} {number} {colour} {} {}",
        points.len(),
        ctx.call_id()
    )
}

#[plugin_start]
fn start() {}

/// Something to read.
#[plugin_resource(uri = "notes://today")]
fn today() -> String {
    String::new()
}

/// More to read.
#[plugin_resource(template = "notes://{day}")]
fn of_day(day: &str, _ctx: &Context) -> String {
    day.to_owned()
}

/// Opens a conversation.
#[plugin_prompt]
fn open(subject: &str, tone: Option<u8>) -> String {
    format!("{subject}{tone:?}")
}

/// Opens another.
#[plugin_prompt]
#[deprecated]
fn open_at_once() -> PromptMessage {
    PromptMessage::user("")
}

mod inner {
    use super::{Point, ToolError, plugin_tool};

    /// In a module, private, deprecated and fallible.
    #[plugin_tool]
    #[deprecated]
    async fn in_a_module(#[args] point: Point) -> Result<Point, ToolError> {
        std::future::ready(Ok(point)).await
    }
}

/// For one target only.
#[plugin_tool]
#[cfg(target_family = "windows")]
#[cfg(target_family = "unix")]
fn nowhere() {}

/// For no target, the other way round.
#[cfg(any())]
#[plugin_tool]
fn nowhere() {}

#[test]
fn tools_stand_in_any_place_the_compiler_sees() {
    /// In a function.
    #[plugin_tool]
    fn in_a_function() {}

    let names: Vec<String> = tools().into_iter().map(|tool| tool.name).collect();
    assert_eq!(
        names,
        ["every_kind_of_argument", "in_a_function", "in_a_module"]
    );
}
