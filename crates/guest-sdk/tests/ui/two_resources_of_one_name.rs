#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today")]
fn today() -> String {
    String::new()
}

#[plugin_resource(uri = "notes://now", name = "today")]
fn now() -> String {
    String::new()
}

fn main() {}
