#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::{AfterToolCall, BeforeToolCall};

#[plugin_hook("before-tool-call", mode = gate)]
fn judge(call: &BeforeToolCall) -> Verdict<AfterToolCall> {
    Verdict::Proceed
}

fn main() {}
