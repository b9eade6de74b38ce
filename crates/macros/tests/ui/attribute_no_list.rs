#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool("greet")]
fn greet() {}

fn main() {}
