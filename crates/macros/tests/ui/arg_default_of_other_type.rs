#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(#[arg(default = 3.5)] times: u32) {}

fn main() {}
