#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::{BeforeToolCall};

#[plugin_hook("before-tool-call", mode = gate)]
fn judge(call: BeforeToolCall) -> Result<Verdict, Unspeakable> {
    Err(Unspeakable)
}

struct Unspeakable;

fn main() {}
