#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://to day")]
fn today() -> String {
    String::new()
}

fn main() {}
