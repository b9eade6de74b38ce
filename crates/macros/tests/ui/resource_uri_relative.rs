#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "/today")]
fn today() -> String {
    String::new()
}

fn main() {}
