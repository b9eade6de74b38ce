#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet<T>(name: T) {}

fn main() {}
