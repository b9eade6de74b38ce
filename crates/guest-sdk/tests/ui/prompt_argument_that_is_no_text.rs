#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open(subject: Vec<String>) -> String {
    String::new()
}

fn main() {}
