#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(title = "Greet", title = "Say hello")]
fn greet() {}

fn main() {}
