#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(url = "notes://today", uri = "notes://today")]
fn today() -> String {
    String::new()
}

fn main() {}
