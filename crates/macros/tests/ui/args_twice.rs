#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
struct Greeting {
    name: String,
}

#[plugin_tool]
fn greet(#[args] first: Greeting, #[args] second: Greeting) {}

fn main() {}
