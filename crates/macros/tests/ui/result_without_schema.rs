#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Greeting;

#[plugin_tool]
fn greet() -> Greeting {
    Greeting
}

fn main() {}
