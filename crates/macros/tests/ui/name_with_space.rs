#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(name = "say hello")]
fn greet() {}

fn main() {}
