#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open() -> String {
    String::new()
}

fn main() {}
