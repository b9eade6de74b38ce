#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today", name = "to day")]
fn today() -> String {
    String::new()
}

fn main() {}
