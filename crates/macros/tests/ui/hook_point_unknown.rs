#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::BeforeToolCall;

#[plugin_hook("before_tool_calls")]
fn judge(call: BeforeToolCall) {}

fn main() {}
