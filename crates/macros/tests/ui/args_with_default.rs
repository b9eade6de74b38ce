#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
#[derive(Default)]
struct Greeting {
    name: String,
}

#[plugin_tool]
fn greet(#[args] #[arg(default)] greeting: Greeting) {}

fn main() {}
