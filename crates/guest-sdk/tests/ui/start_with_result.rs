#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
fn start() -> String {
    "started".to_owned()
}

fn main() {}
