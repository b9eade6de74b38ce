#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
extern "C" fn greet() {}

fn main() {}
