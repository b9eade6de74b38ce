#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open() -> u8 {
    1
}

fn main() {}
