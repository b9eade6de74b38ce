#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://today")]
fn today() -> String {
    String::new()
}

fn main() {}
