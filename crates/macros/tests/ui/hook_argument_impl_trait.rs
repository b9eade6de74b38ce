#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::BeforeToolCall;

#[plugin_hook("before-tool-call")]
fn judge(call: impl Clone) {}

fn main() {}
