#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::{AfterToolCall, BeforeToolCall};

#[plugin_hook("before-tool-call")]
fn judge(call: AfterToolCall) {}

fn main() {}
