#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today", media_type = "text")]
fn today() -> String {
    String::new()
}

fn main() {}
