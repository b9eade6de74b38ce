#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet<const N: usize>(names: [String; N]) {}

fn main() {}
