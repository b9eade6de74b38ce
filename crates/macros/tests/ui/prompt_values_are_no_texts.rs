#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open(#[arg(values = [1, 2])] subject: String) -> String {
    subject
}

fn main() {}
