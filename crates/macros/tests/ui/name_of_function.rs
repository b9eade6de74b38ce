#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[allow(non_snake_case)]
#[plugin_tool]
fn Greet() {}

fn main() {}
