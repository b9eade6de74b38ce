#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
struct Greeting {
    name: String,
}

#[plugin_tool]
fn greet(#[args(flatten)] greeting: Greeting) {}

fn main() {}
