#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open() -> String {
    String::new()
}

#[plugin_prompt(name = "open")]
fn begin() -> String {
    String::new()
}

fn main() {}
