#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
struct Greeting {
    name: String,
}

#[plugin_tool]
fn greet(#[args] greeting: Greeting, times: u32) {}

fn main() {}
