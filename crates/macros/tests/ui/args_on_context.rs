#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet(#[args] ctx: &Context) {}

fn main() {}
