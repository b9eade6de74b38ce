#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt(description = "Opens.")]
fn open() -> String {
    String::new()
}

fn main() {}
