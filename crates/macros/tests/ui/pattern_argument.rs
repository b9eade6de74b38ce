#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet((first, last): (String, String)) {}

fn main() {}
