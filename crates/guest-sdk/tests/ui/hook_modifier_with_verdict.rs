#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::{BeforeToolCall};

#[plugin_hook("before-tool-call", mode = modify)]
fn judge(call: BeforeToolCall) -> Verdict {
    Verdict::cancel("never")
}

fn main() {}
