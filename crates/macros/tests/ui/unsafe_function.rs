#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
unsafe fn greet() {}

fn main() {}
