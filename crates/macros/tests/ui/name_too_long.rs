#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(name = "a2345678901234567890123456789012345678901234567890123456789012345")]
fn greet() {}

fn main() {}
