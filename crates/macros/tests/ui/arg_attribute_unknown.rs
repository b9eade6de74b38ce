#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(#[arg(defualt)] name: String) {}

fn main() {}
