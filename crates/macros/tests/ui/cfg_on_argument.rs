#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(#[cfg(test)] name: String) {}

fn main() {}
