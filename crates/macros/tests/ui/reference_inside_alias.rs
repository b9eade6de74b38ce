#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

type Names<'a> = Vec<&'a str>;

#[plugin_tool]
fn greet(names: Names) {}

fn main() {}
