#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(#[arg(default, default = "you")] name: String) {}

fn main() {}
