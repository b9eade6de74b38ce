#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool(readonly)]
fn greet() {}

fn main() {}
