#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Silent;

#[plugin_tool]
fn greet() -> Result<String, Silent> {
    Err(Silent)
}

fn main() {}
