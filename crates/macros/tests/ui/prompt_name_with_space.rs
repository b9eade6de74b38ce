#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt(name = "o pen")]
fn open() -> String {
    String::new()
}

fn main() {}
