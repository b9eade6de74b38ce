#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Silent;

#[plugin_prompt]
fn open() -> Result<String, Silent> {
    Err(Silent)
}

fn main() {}
