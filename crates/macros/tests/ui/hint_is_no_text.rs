#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(read_only = "yes")]
fn greet() {}

fn main() {}
