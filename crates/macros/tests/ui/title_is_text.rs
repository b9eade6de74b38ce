#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(title = 3)]
fn greet() {}

fn main() {}
