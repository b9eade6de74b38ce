#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::BeforeToolCall;

#[plugin_hook("before-tool-call", priority = 3_000_000_000)]
fn judge(call: BeforeToolCall) {}

fn main() {}
