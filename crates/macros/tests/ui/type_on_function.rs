#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
fn greet() {}

fn main() {}
