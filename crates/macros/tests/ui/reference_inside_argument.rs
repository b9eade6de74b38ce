#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(names: Vec<&str>) {}

fn main() {}
