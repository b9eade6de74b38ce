#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today")]
fn today() -> u8 {
    1
}

fn main() {}
