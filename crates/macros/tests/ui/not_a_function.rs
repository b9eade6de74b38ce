#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
struct Greeter;

fn main() {}
