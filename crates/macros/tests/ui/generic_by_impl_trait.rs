#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(name: impl AsRef<str>) {}

fn main() {}
