#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open(#[arg(default)] subject: String) -> String {
    subject
}

fn main() {}
