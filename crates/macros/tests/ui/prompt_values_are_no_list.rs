#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open(#[arg(values = "a")] subject: String) -> String {
    subject
}

fn main() {}
