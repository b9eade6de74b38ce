#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(media_type = "text/plain")]
fn today() -> String {
    String::new()
}

fn main() {}
